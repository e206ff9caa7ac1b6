"""Makes a view ignore its requests, so that no framework can tell it from the view itself.

Frameworks read a view's parameters from its code or its annotations, which they look up among the
globals of its module. So the function around a view has its very signature and its globals.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature
from types import FunctionType
from typing import Any, Final, TypeAlias

_View: TypeAlias = Callable[..., Any]

# The method that a class-based view of Django, DRF or Starlette, or one of Flask, Quart or Sanic,
# answers every request with.
_DISPATCHERS: Final = {"dispatch", "dispatch_request"}
# Of Falcon's resources and FastHTML's classes each responder is a method of its own; BlackSheep
# calls its controllers' `on_request` first; views of Pyramid may be called as a whole.
_RESPONDER_PREFIX: Final = "on_"
_RESPONDERS: Final = {"__call__", "get", "post", "put", "patch", "delete", "head", "options"}
# What a framework's decorator has made of a view, or left in it: Litestar's route handlers,
# FastHTML's functions of a path, and the list that Pyramid's scan reads, and skips in a copy.
_HANDLERS: Final = ("litestar.", "fasthtml.")
_REGISTERED: Final = "__venusian_callbacks__"
_WRONG_ORDER: Final = (
    "{!r} has been registered already: write @footfall.ignore_view directly above the function, "
    "below the decorators that register it"
)
_NO_VIEW: Final = (
    "ignore_view marks functions, and classes of which it knows the methods that answer requests; "
    "mark the methods of {!r} instead, or call footfall.ignore() in them"
)


def ignoring(view: Any, ignore: Callable[[], None]) -> Any:
    """The view, which calls `ignore` first.

    Args:
        view: A function, sync or async; any other callable; or a class, which is changed.
        ignore: Called in each request of the view.

    Raises:
        TypeError: A class without a method that answers its requests, no callable, or a view that
            the framework has registered already, where that shows.
    """
    if isinstance(view, type):
        return _marked_class(view, ignore)
    if type(view).__module__.startswith(_HANDLERS) or _REGISTERED in getattr(view, "__dict__", ()):
        raise TypeError(_WRONG_ORDER.format(view))
    if isinstance(view, FunctionType):
        return _function_around(view, ignore)
    if not callable(view):
        raise TypeError(_NO_VIEW.format(view))

    @wraps(view)
    def ignored(*args: Any, **kwargs: Any) -> Any:
        ignore()
        return view(*args, **kwargs)

    @wraps(view)
    async def ignored_async(*args: Any, **kwargs: Any) -> Any:
        ignore()
        return await view(*args, **kwargs)

    # A partial of an async function, or an object that is called as one.
    is_async = any(map(inspect.iscoroutinefunction, (view, view.__call__)))
    return ignored_async if is_async else ignored


def _marked_class(view: type, ignore: Callable[[], None]) -> type:
    names = {*dir(view)}
    # What is no function is not the view's own: Litestar makes route handlers of methods.
    methods = [
        name
        for name in names & _DISPATCHERS or names
        if (name in _DISPATCHERS | _RESPONDERS or name.startswith(_RESPONDER_PREFIX))
        and isinstance(getattr(view, name), FunctionType)
    ]
    if not methods:
        raise TypeError(_NO_VIEW.format(view.__qualname__))
    for name in methods:
        setattr(view, name, ignoring(getattr(view, name), ignore))
    return view


def _function_around(view: FunctionType, ignore: Callable[[], None]) -> _View:
    """A function with the signature, the defaults and the globals of `view`."""
    signature = inspect.signature(view, follow_wrapped=False)
    # Its own names, beside which a parameter may have any.
    taken = set(signature.parameters)
    ignore_name, view_name = _unused("ignore", taken), _unused("view", taken)
    is_async = inspect.iscoroutinefunction(view)
    source = (
        f"def make({ignore_name}, {view_name}):\n"
        f"    {'async ' * is_async}def ignored{_declared(signature)}:\n"
        f"        {ignore_name}()\n"
        f"        return {'await ' * is_async}{view_name}({_passed_on(signature)})\n"
        f"    return ignored\n"
    )
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 -- the only outside text in it are names of parameters
    made = namespace["make"](ignore, view)
    around = FunctionType(
        made.__code__, view.__globals__, view.__name__, view.__defaults__, made.__closure__
    )
    around.__kwdefaults__ = view.__kwdefaults__
    return wraps(view)(around)


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _declared(signature: Signature) -> str:
    """The parameters as a `def` declares them, without annotations; defaults are set later."""
    parameters = [
        each.replace(
            annotation=Parameter.empty,
            default=each.default if each.default is Parameter.empty else None,
        )
        for each in signature.parameters.values()
    ]
    return str(Signature(parameters))


def _passed_on(signature: Signature) -> str:
    texts: dict[Any, str] = {
        Parameter.VAR_POSITIONAL: "*{0}",
        Parameter.VAR_KEYWORD: "**{0}",
        Parameter.KEYWORD_ONLY: "{0}={0}",
    }
    parameters = signature.parameters.values()
    return ", ".join(texts.get(each.kind, "{0}").format(each.name) for each in parameters)

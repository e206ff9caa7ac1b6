"""What a browser measures on a page: boxes that overlap or stick out, and small targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Of a box with columns or rows, those of the children that are laid out beside each other. A link
# within a sentence is as high as its line.
_FAULTS: Final = """() => {
  const found = [];
  const name = (each) => each.outerHTML.slice(0, 100);
  const box = (each) => each.getBoundingClientRect();
  const style = (each) => getComputedStyle(each);
  const isSeen = (each) =>
    each.checkVisibility() && box(each).width && !each.closest(".visually-hidden, .skip, svg");
  const isCut = (each, panel) => {
    for (let one = each.parentElement; one !== panel; one = one.parentElement)
      if (style(one).overflowX !== "visible") return true;
    return false;
  };

  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is too wide");
  for (const each of document.querySelectorAll("body *")) {
    const children = [...each.children].filter((one) =>
      isSeen(one) && !["absolute", "fixed"].includes(style(one).position));
    if (isSeen(each) && /flex|grid|table-row$/.test(style(each).display)) {
      children.forEach((one, index) => children.slice(index + 1).forEach((two) => {
        const [a, b] = [box(one), box(two)];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 1) found.push(`overlap: ${name(one)} ${name(two)}`);
      }));
    }
  }
  for (const panel of document.querySelectorAll(".panel, .menu form, .menu ul")) {
    for (const each of panel.querySelectorAll("*")) {
      if (!isSeen(each) || isCut(each, panel)) continue;
      const [a, b] = [box(each), box(panel)];
      const room = parseFloat(style(panel).paddingRight) / 2;
      if (a.left < b.left - 1 || a.right > b.right + 1 - room)
        found.push(`sticks out: ${name(each)}`);
    }
  }
  for (const each of document.querySelectorAll("a, button, summary, input, select")) {
    const { width, height } = box(each);
    if (isSeen(each) && !each.closest("p.nothing, p.muted, .empty p, .first p, footer")
      && (width < 24 || height < 24)) found.push(`${width} x ${height}: ${name(each)}`);
  }
  for (const each of document.querySelectorAll(".ticks li"))
    if (box(each).height > 20) found.push(`two lines: ${name(each)}`);
  return found;
}"""


def layout_faults(page: Page) -> list[Any]:
    """What is wrong with the layout of a page as it is shown now."""
    found: list[Any] = page.evaluate(_FAULTS)
    return found

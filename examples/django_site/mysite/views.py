from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

import footfall


@require_POST
def sign_up(request: HttpRequest) -> HttpResponseRedirect:
    footfall.track("Signup", props={"plan": "pro"})
    response = HttpResponseRedirect(reverse("thanks"))
    response.status_code = 303
    return response


def guide(request: HttpRequest) -> FileResponse:
    file = settings.STATICFILES_DIRS[0] / "guide.pdf"
    return FileResponse(file.open("rb"), as_attachment=True)


def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})

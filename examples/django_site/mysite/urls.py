from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import path
from django.views.generic import RedirectView, TemplateView

from mysite import views

urlpatterns = [
    path("", TemplateView.as_view(template_name="landing.html")),
    path("pricing", TemplateView.as_view(template_name="pricing.html")),
    path("signup", views.sign_up, name="signup"),
    path("thanks", TemplateView.as_view(template_name="thanks.html"), name="thanks"),
    path("guide.pdf", views.guide),
    path("health", views.health),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.ico")),
    *staticfiles_urlpatterns(),  # in development only; in production the web server does it
]

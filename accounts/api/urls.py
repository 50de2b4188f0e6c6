"""REST addresses under auth/."""

from accounts.api import views
from rest.routing import endpoint

urlpatterns = [
    endpoint("register", views.RegisterView),
    endpoint("login", views.LoginView),
    endpoint("refresh", views.RefreshView),
    endpoint("logout", views.LogoutView),
    endpoint("change-password", views.ChangePasswordView),
    endpoint("me", views.MeView),
]

"""CSV in and out of the admin site: export what is listed, import after a look at it."""

import io
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from securities.admin.forms import CatalogueFileForm, CatalogueTextForm
from securities.catalogue_csv import (
    CatalogueFile,
    CatalogueFileError,
    read_catalogue,
    write_catalogue,
)
from securities.services import securities_compare, securities_load


class CsvViews(admin.ModelAdmin):  # type: ignore[type-arg]  # only stubs are generic
    """Two addresses beside the list: `export/` and `import/`."""

    import_template = "admin/securities/security/import.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export_view), name="securities_security_export"),
            path("import/", view(self.import_view), name="securities_security_import"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """What the list shows under the same search and filters, all pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            listed = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:  # the list says so
            address = reverse("admin:securities_security_changelist")
            return HttpResponseRedirect(f"{address}?{ERROR_FLAG}=1")
        text = io.StringIO()
        write_catalogue(listed.iterator(chunk_size=2000), text)
        return HttpResponse(
            text.getvalue(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="securities.csv"'},
        )

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A file is shown first: what it would change, or what is wrong and on which line."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._import_page(request, CatalogueFileForm())
        looked_at = CatalogueTextForm(request.POST)
        if looked_at.is_valid():
            return self._load(request, looked_at.cleaned_data["text"])
        form = CatalogueFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form)
        text = form.cleaned_data["file"]
        try:
            found = _read(text)
        except CatalogueFileError as refused:
            return self._import_page(request, form, problems=refused.problems)
        return self._import_page(
            request,
            form,
            report=securities_compare(entries=found.entries, fields=found.fields),
            looked_at=CatalogueTextForm(initial={"text": text}),
        )

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"has_import_permission": self.has_import_permission(request)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _load(self, request: HttpRequest, text: str) -> HttpResponse:
        try:
            found = _read(text)
        except CatalogueFileError as refused:
            return self._import_page(request, CatalogueFileForm(), problems=refused.problems)
        report = securities_load(entries=found.entries, fields=found.fields)
        self.message_user(request, f"Securities: {report}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:securities_security_changelist"))

    def _import_page(self, request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            "title": "Import securities",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, self.import_template, context)


def _read(text: str) -> CatalogueFile:
    return read_catalogue(io.StringIO(text, newline=""))

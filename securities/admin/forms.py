"""Forms of the admin site; what they check is what a catalogue's entry must be."""

from typing import Any

from django import forms

from securities.catalogue import CatalogueEntry, EntryError, entry
from securities.models import Security

MOST_FILE_BYTES = 8 * 1024 * 1024


class SecurityForm(forms.ModelForm):  # type: ignore[type-arg]  # only stubs are generic
    """One security. `entry` is what to save, once the form is valid."""

    entry: CatalogueEntry

    class Meta:
        model = Security
        fields = ("ticker", "name", "exchange", "currency")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            self.entry = entry(**{name: data[name] for name in CatalogueEntry._fields})
        except EntryError as error:
            self.add_error(error.field, error.message)
            return data
        return {**data, **self.entry._asdict()}


class CatalogueFileForm(forms.Form):
    """A CSV file to look at before it is loaded."""

    file = forms.FileField(
        label="CSV file",
        help_text="UTF-8 with a header line: ticker,name,exchange,currency (the first two are "
        "required; a column that is not there changes nothing). is_active may stand there and is "
        "ignored.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> str:
        """The file's text."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_FILE_BYTES:
            raise forms.ValidationError("The file is larger than 8 MB.")
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not UTF-8 text.") from None


class CatalogueTextForm(forms.Form):
    """The text of a file that has been looked at; travels through the page and is read again."""

    text = forms.CharField(widget=forms.Textarea(attrs={"hidden": True}), strip=False)

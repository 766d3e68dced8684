"""Forms of the people pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from survey_site.accounts.invitations import GIVEN_ROLES
from survey_site.accounts.models import Invitation, Role, User
from surveys.models import County, School


class InviteForm(forms.Form):
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[("", "—"), *((role.value, role.label) for role in GIVEN_ROLES)],
    )
    school = forms.ModelChoiceField(
        School.objects.none(),
        label=gettext_lazy("School"),
        required=False,
        help_text=gettext_lazy("Only for a school user."),
    )
    label = forms.CharField(
        label=gettext_lazy("For whom"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("A name or office, so that you recognise the invitation in the list."),
    )

    def __init__(self, *args: Any, county: County, can_mail: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schools = School.objects.filter(county=county, is_active=True)
        self.fields["school"].queryset = schools.order_by("code")
        if can_mail:
            self.fields["email"] = forms.EmailField(
                label=gettext_lazy("E-mail"),
                required=False,
                help_text=gettext_lazy("The link is sent there, and shown to you as well."),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        is_school = data.get("role") == Role.SCHOOL
        if is_school and not data.get("school") and "school" not in self.errors:
            self.add_error("school", _("Choose the school."))
        if not is_school and data.get("school"):
            self.add_error("school", _("Leave this blank: only a school user belongs to a school."))
        return data


class NewPasswordForm(forms.Form):
    """A password, twice, held against the product's rules."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 8 characters, not only digits, nothing that is easy to guess."),
    )
    again = forms.CharField(
        label=gettext_lazy("Password again"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        password, again = data.get("password"), data.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords are not the same."))
        elif password:
            try:
                validate_password(password, self._account(data))
            except ValidationError as error:
                self.add_error("password", error)
        return data

    def _account(self, data: dict[str, Any]) -> User:
        return self.invitation.person or User()


class JoinForm(NewPasswordForm):
    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"})
    )
    username = forms.CharField(
        label=gettext_lazy("User name for signing in"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Letters, digits and @ . + - _; for example the pinyin of your name."),
    )
    field_order = ["name", "username", "password", "again"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This user name is taken; choose another one."))
        return username

    def _account(self, data: dict[str, Any]) -> User:
        return User(username=data.get("username", ""), last_name=data.get("name", ""))

"""Who signs in, in which role, for which county and school."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from surveys.models import County, School


class Role(models.TextChoices):
    BUREAU = "bureau", _("Bureau")
    REVIEWER = "reviewer", _("Reviewer (reads only)")
    SCHOOL = "school", _("School")
    INSPECTOR = "inspector", _("Inspector (evidence only)")
    PROVINCE = "province", _("Province (several counties, summary only)")


class User(AbstractUser):
    """A person at a desk. Without a role a user sees nothing, whatever else is set.

    A province user belongs to no county: `counties` says whose summaries they read.
    """

    role = models.CharField(_("role"), max_length=12, choices=Role, blank=True)
    county = models.ForeignKey(County, models.PROTECT, null=True, blank=True, verbose_name=_("county"))
    school = models.ForeignKey(School, models.PROTECT, null=True, blank=True, verbose_name=_("school"))
    counties = models.ManyToManyField(
        County, blank=True, related_name="province_users", verbose_name=_("counties of a province user")
    )
    # Counted up when an account is disabled: sessions from before never come to life again.
    session_round = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(
                condition=Q(role="")
                | Q(role="province", county__isnull=True)
                | (~Q(role="province") & Q(county__isnull=False)),
                name="user_role_has_its_county",
                violation_error_message=_(
                    "A role belongs to a county; only a province user has none, and gets its counties below."
                ),
            ),
            models.CheckConstraint(
                condition=Q(role="school", school__isnull=False)
                | (~Q(role="school") & Q(school__isnull=True)),
                name="user_school_iff_role_school",
                violation_error_message=_("A school user, and nobody else, belongs to a school."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_full_name(self) -> str:
        """Family name first and no blank for a Chinese name: 王建国."""
        if any("\u4e00" <= letter <= "\u9fff" for letter in self.last_name):
            return f"{self.last_name}{self.first_name}"
        return super().get_full_name()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Of password and round: a session ends when either changes."""
        if not self.session_round:
            return super()._get_session_auth_hash(secret=secret)
        told = f"{self.session_round}:{self.password}"
        return salted_hmac("renke session", told, secret=secret, algorithm="sha256").hexdigest()

"""Who signs in, in which role, for which county and school."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import County, School


class Role(models.TextChoices):
    BUREAU = "bureau", _("Bureau")
    REVIEWER = "reviewer", _("Reviewer (reads only)")
    SCHOOL = "school", _("School")
    INSPECTOR = "inspector", _("Inspector (evidence only)")


class User(AbstractUser):
    """A person at a desk. Without a role a user sees nothing, whatever else is set."""

    role = models.CharField(_("role"), max_length=12, choices=Role, blank=True)
    county = models.ForeignKey(County, models.PROTECT, null=True, blank=True, verbose_name=_("county"))
    school = models.ForeignKey(School, models.PROTECT, null=True, blank=True, verbose_name=_("school"))

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(
                condition=Q(role="") | Q(county__isnull=False), name="user_with_role_has_county"
            ),
            models.CheckConstraint(
                condition=Q(role="school", school__isnull=False)
                | (~Q(role="school") & Q(school__isnull=True)),
                name="user_school_iff_role_school",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_full_name(self) -> str:
        """Family name first and no blank for a Chinese name: 王建国."""
        if any("\u4e00" <= letter <= "\u9fff" for letter in self.last_name):
            return f"{self.last_name}{self.first_name}"
        return super().get_full_name()

"""A county, its townships and schools, and how many people live and learn there."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Location(models.TextChoices):
    """Urban–rural class of the national statistics (城乡分类)."""

    URBAN = "urban", _("Urban district")
    TOWN = "town", _("Town")
    RURAL = "rural", _("Village")


class Stage(models.TextChoices):
    """Kind of school (办学类型)."""

    PRIMARY = "primary", _("Primary school")
    JUNIOR = "junior", _("Junior secondary school")
    NINE_YEAR = "nine_year", _("Nine-year school")
    COMPLETE = "complete", _("Complete secondary school")
    TWELVE_YEAR = "twelve_year", _("Twelve-year school")
    TEACHING_POINT = "teaching_point", _("Teaching point")
    SPECIAL = "special", _("Special school")


class County(models.Model):
    code = models.CharField(_("county code"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=100)
    # As it stands on posters and the phone; many bureaus are 教育体育局 or 教育和科技局.
    bureau = models.CharField(_("name of the bureau"), max_length=100, blank=True)
    is_demo = models.BooleanField(_("demonstration"), default=False)

    class Meta:
        verbose_name = _("county")
        verbose_name_plural = _("counties")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def bureau_name(self) -> str:
        """The bureau's own name, or in Chinese "<county>教育局"."""
        return self.bureau or f"{self.name.replace('（演示）', '')}教育局"


class Township(models.Model):
    county = models.ForeignKey(County, models.PROTECT, related_name="townships")
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("township")
        verbose_name_plural = _("townships")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["county", "name"], name="township_once_per_county")]

    def __str__(self) -> str:
        return self.name


class School(models.Model):
    """A school as the roster gives it. Pupils are counted per grade: {"1": 96, …, "12": 40}."""

    county = models.ForeignKey(County, models.PROTECT, related_name="schools")
    township = models.ForeignKey(Township, models.PROTECT, related_name="schools")
    code = models.CharField(_("school code"), max_length=20)
    name = models.CharField(_("name"), max_length=100)
    stage = models.CharField(_("stage"), max_length=20, choices=Stage)
    location = models.CharField(_("location"), max_length=8, choices=Location)
    is_public = models.BooleanField(_("public"), default=True)
    pupils_by_grade = models.JSONField(_("pupils by grade"), default=dict)
    classes = models.PositiveIntegerField(_("classes"), default=0)
    teachers = models.PositiveIntegerField(_("teachers"), default=0)
    # A school that leaves the roster keeps its history; it only gets no new collectors.
    is_active = models.BooleanField(_("on the roster"), default=True)

    class Meta:
        verbose_name = _("school")
        verbose_name_plural = _("schools")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["county", "code"], name="school_code_once_per_county")]

    def __str__(self) -> str:
        return self.name

    @property
    def pupils(self) -> int:
        """All pupils, of every grade."""
        return self.pupils_in(1, 12)

    def pupils_in(self, first_grade: int, last_grade: int) -> int:
        """Pupils of these grades, both included."""
        return sum(
            count for grade, count in self.pupils_by_grade.items() if first_grade <= int(grade) <= last_grade
        )


class ResidentPopulation(models.Model):
    """Residents (常住人口) of the county in one urban–rural class, with the figure's source."""

    county = models.ForeignKey(County, models.CASCADE, related_name="resident_populations")
    location = models.CharField(_("location"), max_length=8, choices=Location)
    people = models.PositiveIntegerField(_("residents"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("resident population")
        verbose_name_plural = _("resident populations")
        constraints = [
            models.UniqueConstraint(
                fields=["county", "location"], name="resident_population_once_per_location"
            )
        ]

    def __str__(self) -> str:
        return f"{self.county} {self.get_location_display()}: {self.people}"

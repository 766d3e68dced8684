"""A round of fieldwork, whom it asks, and the entry points people answer through."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.audiences import AUDIENCES

from .county import County, Location, School, Township
from .questionnaire import QuestionnaireVersion


class WaveState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class DesignKind(models.TextChoices):
    """How schools came in; it decides the variance, so there is no default."""

    ALL_SCHOOLS = "all_schools", _("All schools surveyed")
    SAMPLED_SCHOOLS = "sampled_schools", _("Schools sampled")


class Channel(models.TextChoices):
    POSTER = "poster", _("Open poster")
    SLIPS = "slips", _("One-time slips")


class Channels(models.TextChoices):
    """The ways an audience of a wave is asked: one collector for each of them at every place."""

    POSTER = "poster", _("Open poster")
    SLIPS = "slips", _("One-time slips")
    BOTH = "both", _("Poster and slips")

    @property
    def parts(self) -> tuple[Channel, ...]:
        return (Channel.POSTER, Channel.SLIPS) if self == Channels.BOTH else (Channel(self.value),)


class Wave(models.Model):
    county = models.ForeignKey(County, models.PROTECT, related_name="waves")
    name = models.CharField(_("name"), max_length=100)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    state = models.CharField(_("state"), max_length=8, choices=WaveState, default=WaveState.DRAFT)
    scoring_rule = models.CharField(_("scoring rule"), max_length=60)
    design = models.CharField(_("sampling design"), max_length=20, choices=DesignKind)
    # Results of fewer answers than this are hidden on every screen and in every file.
    minimum_group_size = models.PositiveSmallIntegerField(_("smallest group shown"), default=10)
    # Whether any `HardStop` exists: intake reads it with the state, so waves without one pay nothing.
    has_hard_stops = models.BooleanField(_("has hard stops"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("survey wave")
        verbose_name_plural = _("survey waves")
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["county", "name"], name="wave_name_once_per_county"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="wave_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        return self.state == WaveState.DRAFT

    @property
    def is_open(self) -> bool:
        return self.state == WaveState.OPEN

    @property
    def is_over(self) -> bool:
        """Still open, but past its last day: the phone takes no answers."""
        return self.is_open and timezone.localdate() > self.ends_on

    @property
    def is_closed(self) -> bool:
        return self.state == WaveState.CLOSED


class WaveAudience(models.Model):
    """One audience of a wave: which questionnaire serves it, its share of the result, its target."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="audiences")
    audience = models.CharField(_("audience"), max_length=30)
    questionnaire_key = models.CharField(_("questionnaire"), max_length=60)
    version = models.ForeignKey(QuestionnaireVersion, models.PROTECT, null=True, related_name="+")
    share = models.DecimalField(_("share of the result"), max_digits=6, decimal_places=5)
    target = models.PositiveIntegerField(_("target"), default=0)
    channels = models.CharField(_("handed out as"), max_length=6, choices=Channels, default=Channels.POSTER)
    # For audiences the roster does not count (deputies, CPPCC members): how many there are.
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)

    class Meta:
        verbose_name = _("audience of the wave")
        verbose_name_plural = _("audiences of the wave")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["wave", "audience"], name="wave_audience_once"),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=1), name="wave_audience_share_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave}: {self.name}"

    @property
    def name(self) -> str:
        known = AUDIENCES.get(self.audience)
        return known.name("zh-hans") if known else self.audience


class WaveEvent(models.Model):
    """What was done to a wave, by whom and when. Written, never changed."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="events")
    action = models.CharField(_("action"), max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("wave event")
        verbose_name_plural = _("wave events")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.wave} {self.action}"


class Collector(models.Model):
    """One entry point: wave × school or township or county × audience × channel.

    `location` is copied when the wave opens: a school that is reclassified later does not move the
    answers already given.
    """

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="collectors")
    audience = models.CharField(_("audience"), max_length=30)
    school = models.ForeignKey(School, models.PROTECT, null=True, related_name="collectors")
    township = models.ForeignKey(Township, models.PROTECT, null=True, related_name="collectors")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.POSTER)
    location = models.CharField(_("location"), max_length=8, choices=Location, blank=True)
    code = models.CharField(_("code"), max_length=20, unique=True)
    target = models.PositiveIntegerField(_("target"), default=0)

    class Meta:
        verbose_name = _("collector")
        verbose_name_plural = _("collectors")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["wave", "audience", "channel", "school"],
                condition=Q(school__isnull=False),
                name="collector_once_per_school",
            ),
            models.UniqueConstraint(
                fields=["wave", "audience", "channel", "township"],
                condition=Q(township__isnull=False),
                name="collector_once_per_township",
            ),
            models.UniqueConstraint(
                fields=["wave", "audience", "channel"],
                condition=Q(school__isnull=True, township__isnull=True),
                name="collector_once_per_county",
            ),
            models.CheckConstraint(
                condition=Q(school__isnull=True) | Q(township__isnull=True), name="collector_has_one_place"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def place(self) -> School | Township | County:
        return self.school or self.township or self.wave.county


class AccessCode(models.Model):
    """A single-use code on a slip. Only its hash is kept, and nothing joins it to an answer."""

    class State(models.TextChoices):
        ISSUED = "issued", _("Issued")
        USED = "used", _("Used")
        VOID = "void", _("Void")

    collector = models.ForeignKey(Collector, models.PROTECT, related_name="access_codes")
    # Which sheet it was printed on; counted per batch, never shown per code.
    batch = models.ForeignKey("SlipBatch", models.PROTECT, null=True, related_name="codes")
    digest = models.BinaryField(max_length=32, unique=True)
    # That it was used, never when: a class and a day could be held against the answers of that day.
    state = models.CharField(max_length=8, choices=State, default=State.ISSUED)

    class Meta:
        verbose_name = _("access code")
        verbose_name_plural = _("access codes")
        indexes = [models.Index(fields=["batch", "state"], name="access_code_batch_state")]

    def __str__(self) -> str:
        return f"{self.collector} {self.state}"

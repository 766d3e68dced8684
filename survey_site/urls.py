"""Every address, and who may open it: the one table to read when asking "who sees what?"."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.i18n import set_language

from analysis.views import (
    compare_waves,
    county,
    items,
    method,
    more_replies,
    plan_apply,
    province,
    quality,
    sampling_plan,
    school,
    sensitivity,
    small_schools,
)
from survey_site.accounts.access import allow, public
from survey_site.accounts.views import accepting, audit_log, inviting, people
from survey_site.views import account, desk, front, health, password_forgotten, scoring_rules
from surveys.views import (
    collectors,
    draws,
    preview,
    respond,
    roster,
    school_desk,
    schools,
    targets,
    wave_steps,
    waves,
)

RULES = {"scoring_rules": scoring_rules}

urlpatterns = [
    path("r/", public(respond.find), name="find"),
    path("r/<str:code>", public(respond.respond), name="respond"),
    path("r/<str:code>/", public(respond.respond)),
    path("r/<str:code>/thanks/<str:receipt>", public(respond.thanks), name="thanks"),
    path("r/<path:rest>", public(respond.unknown)),
    path("", public(front), name="front"),
    path("healthz", public(health), name="health"),
    path("language/", set_language, name="set_language"),
    path("invite/", public(accepting.invitation_code), name="invitation_code"),
    path("invite/<str:token>/", public(accepting.invitation), name="invitation"),
    path("desk/", allow("bureau", "reviewer", "school", "inspector", "province")(desk), name="desk"),
    path("desk/province/", allow("province")(province.province), name="province"),
    path("desk/people/", allow("bureau")(people.people), name="people"),
    path("desk/people/invite/", allow("bureau", fresh=True)(inviting.person_invite), name="person_invite"),
    path(
        "desk/people/invite-schools/",
        allow("bureau", fresh=True)(inviting.schools_invite),
        name="schools_invite",
    ),
    path("desk/people/invitations/", allow("bureau")(inviting.invitations), name="invitations"),
    path(
        "desk/people/invitations/<int:invitation_id>/again/",
        allow("bureau", fresh=True)(inviting.invitation_again),
        name="invitation_again",
    ),
    path(
        "desk/people/invitations/<int:invitation_id>/revoke/",
        allow("bureau")(inviting.invitation_revoke),
        name="invitation_revoke",
    ),
    path("desk/people/<int:person_id>/", allow("bureau")(people.person), name="person"),
    path(
        "desk/people/<int:person_id>/disable/",
        allow("bureau", fresh=True)(people.person_disable),
        name="person_disable",
    ),
    path(
        "desk/people/<int:person_id>/enable/",
        allow("bureau", fresh=True)(people.person_enable),
        name="person_enable",
    ),
    path(
        "desk/people/<int:person_id>/password/",
        allow("bureau", fresh=True)(people.person_password),
        name="person_password",
    ),
    path("desk/audit/", allow("bureau")(audit_log.audit_log), name="audit_log"),
    path("desk/audit.xlsx", allow("bureau")(audit_log.audit_export), name="audit_export"),
    path("desk/live/", allow("bureau", "reviewer")(county.live), name="desk_live"),
    path("desk/method/", allow("bureau", "reviewer")(method.method), name="method"),
    path("desk/waves/<int:wave_id>/score/", allow("bureau")(county.score_again), name="score_again"),
    path(
        "desk/waves/<int:wave_id>/rules/",
        allow("bureau", "reviewer")(sensitivity.sensitivity_page),
        name="sensitivity",
    ),
    path(
        "desk/waves/<int:wave_id>/more-replies/",
        allow("bureau", "reviewer")(more_replies.more_replies_page),
        name="more_replies",
    ),
    path(
        "desk/waves/<int:wave_id>/small-schools/",
        allow("bureau", "reviewer")(small_schools.small_schools_page),
        name="small_schools",
    ),
    path(
        "desk/waves/<int:wave_id>/compare/",
        allow("bureau", "reviewer")(compare_waves.compare_waves_page),
        name="compare_waves",
    ),
    path(
        "desk/waves/<int:wave_id>/items/",
        allow("bureau", "reviewer")(items.items_page),
        name="items",
    ),
    path(
        "desk/waves/<int:wave_id>/quality/",
        allow("bureau", "reviewer")(quality.quality_page),
        name="quality",
    ),
    path(
        "desk/waves/<int:wave_id>/quality/<int:school_id>/",
        allow("bureau", "reviewer", fresh=True)(quality.quality_school),
        name="quality_school",
    ),
    path(
        "desk/waves/<int:wave_id>/quality/restore/<int:void_id>/",
        allow("bureau", fresh=True)(quality.quality_restore),
        name="quality_restore",
    ),
    path(
        "desk/waves/<int:wave_id>/plan/",
        allow("bureau", "reviewer")(sampling_plan.sampling_plan_page),
        name="sampling_plan",
    ),
    path(
        "desk/waves/<int:wave_id>/plan.xlsx",
        allow("bureau", "reviewer")(sampling_plan.sampling_plan_xlsx),
        name="sampling_plan_xlsx",
    ),
    path("desk/waves/<int:wave_id>/plan/apply/", allow("bureau")(plan_apply.plan_apply), name="plan_apply"),
    path("desk/waves/<int:wave_id>/targets/", allow("bureau", "reviewer")(targets.targets), name="targets"),
    path(
        "desk/waves/<int:wave_id>/targets.xlsx",
        allow("bureau", "reviewer")(targets.targets_file),
        name="targets_file",
    ),
    path(
        "desk/waves/<int:wave_id>/targets/upload/",
        allow("bureau")(targets.targets_upload),
        name="targets_upload",
    ),
    path("desk/waves/<int:wave_id>/draws/", allow("bureau", "reviewer")(draws.draws), name="draws"),
    path(
        "desk/waves/<int:wave_id>/draws/<int:draw_id>/",
        allow("bureau", "reviewer")(draws.draw_page),
        name="draw",
    ),
    path(
        "desk/waves/<int:wave_id>/draws/<int:draw_id>/list.xlsx",
        allow("bureau", "reviewer")(draws.draw_file),
        name="draw_file",
    ),
    path("desk/account/", public(account), name="account"),
    path("desk/waves/", allow("bureau", "reviewer")(waves.waves), name="waves"),
    path("desk/waves/new/", allow("bureau")(waves.wave_create), RULES, name="wave_create"),
    path("desk/waves/<int:wave_id>/", allow("bureau", "reviewer")(waves.wave), RULES, name="wave"),
    path("desk/waves/<int:wave_id>/edit/", allow("bureau")(waves.wave_edit), RULES, name="wave_edit"),
    path("desk/waves/<int:wave_id>/open/", allow("bureau")(wave_steps.wave_open), name="wave_open"),
    path(
        "desk/waves/<int:wave_id>/end/",
        allow("bureau")(wave_steps.wave_move_end),
        name="wave_move_end",
    ),
    path(
        "desk/waves/<int:wave_id>/close/",
        allow("bureau", fresh=True)(wave_steps.wave_close),
        name="wave_close",
    ),
    path(
        "desk/waves/<int:wave_id>/reopen/",
        allow("bureau", fresh=True)(wave_steps.wave_reopen),
        name="wave_reopen",
    ),
    path(
        "desk/waves/<int:wave_id>/delete/",
        allow("bureau", fresh=True)(wave_steps.wave_delete),
        name="wave_delete",
    ),
    path(
        "desk/waves/<int:wave_id>/collectors/",
        allow("bureau", "reviewer")(collectors.collectors),
        name="collectors",
    ),
    path(
        "desk/waves/collectors/<int:collector_id>/",
        allow("bureau", "reviewer")(collectors.collector),
        name="collector",
    ),
    path(
        "desk/waves/collectors/<int:collector_id>/show/",
        allow("bureau", "reviewer", "school")(collectors.collector_show),
        name="collector_show",
    ),
    path(
        "desk/waves/collectors/<int:collector_id>/poster/",
        allow("bureau", "reviewer", "school")(collectors.collector_poster),
        name="collector_poster",
    ),
    re_path(
        r"^desk/waves/collectors/(?P<collector_id>\d{1,18})/qr\.(?P<kind>svg|png)$",
        allow("bureau", "reviewer", "school")(collectors.collector_qr),
        name="collector_qr",
    ),
    path("desk/schools/", allow("bureau", "reviewer")(schools.schools), name="schools"),
    path("desk/schools/<int:school_id>/", allow("bureau", "reviewer")(school.school), name="school"),
    path("desk/roster/", allow("bureau", "reviewer")(roster.roster), name="roster"),
    path("desk/roster/form.xlsx", allow("bureau", "reviewer")(roster.form), name="roster_form"),
    path("desk/roster/preview/<str:token>/", allow("bureau")(roster.preview), name="roster_preview"),
    path(
        "desk/roster/preview/<str:token>/problems.xlsx",
        allow("bureau")(roster.problems),
        name="roster_problems",
    ),
    path(
        "desk/roster/imports/<int:import_id>/",
        allow("bureau", "reviewer")(roster.imported),
        name="roster_import",
    ),
    path("desk/school/", allow("school")(school_desk.school_desk), name="school_desk"),
    path(
        "desk/questionnaires/",
        allow("bureau", "reviewer")(preview.questionnaires),
        name="questionnaires",
    ),
    path(
        "desk/questionnaires/<slug:key>/",
        allow("bureau", "reviewer")(preview.questionnaire),
        name="questionnaire",
    ),
    path(
        "desk/questionnaires/<slug:key>/frame/<int:number>/<slug:audience>/",
        allow("bureau", "reviewer")(preview.preview_frame),
        name="preview_frame",
    ),
    # Before allauth's own pages, which would send mail to whatever address anybody types in.
    re_path(r"^accounts/(?:email|confirm-email|password/reset)/", public(password_forgotten)),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

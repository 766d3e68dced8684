"""The audit log's actions in words a clerk understands: one phrase per route that changes something."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PHRASES = {
    # Signing in and one's own account
    "sign_in": gettext_lazy("Signed in"),
    "sign_out": gettext_lazy("Signed out"),
    "sign_in_failed": gettext_lazy("Wrong password at sign-in"),
    "second_step_failed": gettext_lazy("Wrong code at sign-in"),
    "account_reauthenticate": gettext_lazy("Confirmed the password"),
    "account_change_password": gettext_lazy("Changed their password"),
    "mfa_reauthenticate": gettext_lazy("Confirmed with a code"),
    "mfa_reauthenticate_webauthn": gettext_lazy("Confirmed with a security key"),
    "mfa_activate_totp": gettext_lazy("Set up the authenticator app"),
    "mfa_deactivate_totp": gettext_lazy("Removed the authenticator app"),
    "mfa_add_webauthn": gettext_lazy("Added a security key"),
    "mfa_edit_webauthn": gettext_lazy("Renamed a security key"),
    "mfa_remove_webauthn": gettext_lazy("Removed a security key"),
    "mfa_generate_recovery_codes": gettext_lazy("Made new recovery codes"),
    "mfa_download_recovery_codes": gettext_lazy("Downloaded their recovery codes"),
    # People
    "person_invite": gettext_lazy("Invited a person"),
    "schools_invite": gettext_lazy("Invited schools"),
    "invitation_again": gettext_lazy("Made an invitation link again"),
    "invitation_revoke": gettext_lazy("Revoked an invitation link"),
    "invitation_used": gettext_lazy("Joined by an invitation"),
    "password_link_used": gettext_lazy("Set a new password by a link"),
    "person_disable": gettext_lazy("Disabled an account"),
    "person_enable": gettext_lazy("Enabled an account"),
    "person_password": gettext_lazy("Made a link for a new password"),
    "audit_export": gettext_lazy("Downloaded the audit log"),
    # Waves
    "wave_create": gettext_lazy("Drew up a wave"),
    "wave_edit": gettext_lazy("Changed a wave's draft"),
    "wave_open": gettext_lazy("Opened a wave"),
    "collectors_add": gettext_lazy("Made collectors for new schools"),
    "wave_move_end": gettext_lazy("Moved a wave's last day"),
    "wave_close": gettext_lazy("Closed a wave"),
    "wave_reopen": gettext_lazy("Opened a wave again"),
    "wave_delete": gettext_lazy("Deleted a wave's draft"),
    "score_again": gettext_lazy("Scored a wave again"),
    "quality": gettext_lazy("Put replies aside"),
    "quality_school": gettext_lazy("Put replies of a school aside"),
    "quality_restore": gettext_lazy("Took replies back that had been put aside"),
    "sampling_plan": gettext_lazy("Changed the sampling plan"),
    "sampling_plan_xlsx": gettext_lazy("Downloaded the sampling plan"),
    "more_replies": gettext_lazy("Reckoned with more replies"),
    "small_schools": gettext_lazy("Estimated small schools"),
    "collector_qr": gettext_lazy("Downloaded a QR code"),
    "collector_pdf": gettext_lazy("Downloaded a poster"),
    "county_prints": gettext_lazy("Had posters or slips of the county made"),
    "slips_print": gettext_lazy("Printed slips"),
    "slip_batch": gettext_lazy("Noted slips handed out or returned"),
    "slip_batch_void": gettext_lazy("Voided a batch of slips"),
    "slip_batch_reprint": gettext_lazy("Printed a batch of slips again"),
    "slip_void": gettext_lazy("Voided a lost slip"),
    "print_job": gettext_lazy("Went on with a printed file or deleted it"),
    "print_file": gettext_lazy("Fetched a printed file"),
    # Targets, draws and messages
    "plan_apply": gettext_lazy("Set targets from the sampling plan"),
    "targets": gettext_lazy("Changed targets or hard stops"),
    "targets_file": gettext_lazy("Downloaded the targets"),
    "targets_upload": gettext_lazy("Uploaded targets"),
    "draws": gettext_lazy("Drew a sample"),
    "draw": gettext_lazy("Downloaded a drawn list"),
    "draw_file": gettext_lazy("Downloaded a drawn list"),
    "collector": gettext_lazy("Changed an entry point"),
    "fieldwork_file": gettext_lazy("Downloaded the state of the fieldwork"),
    "school_message_new": gettext_lazy("Sent a message to schools"),
    "own_message_read": gettext_lazy("Marked a message as read"),
    # Indicators, evidence and standards
    "indicators": gettext_lazy("Uploaded a table of figures"),
    "indicator_form": gettext_lazy("Downloaded the form for figures"),
    "indicator_preview": gettext_lazy("Decided on an uploaded table of figures"),
    "indicator_mapping": gettext_lazy("Said what a table's headings mean"),
    "known_headings": gettext_lazy("Forgot what a heading means"),
    "indicator_problems": gettext_lazy("Downloaded a table's remarks"),
    "indicator_table": gettext_lazy("Changed an accepted table of figures"),
    "indicator_table_file": gettext_lazy("Downloaded a table of figures"),
    "indicator_withdraw": gettext_lazy("Took back a table of figures"),
    "evidence": gettext_lazy("Uploaded evidence"),
    "evidence_file": gettext_lazy("Downloaded evidence"),
    "evidence_withdraw": gettext_lazy("Took back evidence"),
    "standards": gettext_lazy("Uploaded a province's standard"),
    "standard_supplied": gettext_lazy("Downloaded a supplied standard"),
    "standard_file": gettext_lazy("Downloaded a province's standard"),
    "standard_withdraw": gettext_lazy("Took a province's standard out of use"),
    # Evaluation
    "evaluate_now": gettext_lazy("Had the county evaluated"),
    "evaluations": gettext_lazy("Had the county evaluated"),
    "evaluation_job": gettext_lazy("Went on with an evaluation"),
    "evaluation": gettext_lazy("Downloaded an evaluation"),
    "evaluation_check": gettext_lazy("Computed an evaluation again"),
    "evaluation_plan": gettext_lazy("Changed the prices of a plan"),
    "evaluation_what_if": gettext_lazy("Tried what would change an evaluation"),
    "evaluation_xlsx": gettext_lazy("Downloaded an evaluation as a table"),
    "evaluation_json": gettext_lazy("Downloaded an evaluation's frozen file"),
    # Rectification
    "tasks": gettext_lazy("Changed the task table"),
    "tasks_xlsx": gettext_lazy("Downloaded the task table"),
    "task_line": gettext_lazy("Wrote a line of the task table"),
    "ledger_xlsx": gettext_lazy("Downloaded the rectification ledger"),
    "ledger_new": gettext_lazy("Entered a rectification item"),
    "ledger_from_evaluation": gettext_lazy("Took rectification items from an evaluation"),
    "ledger_from_survey": gettext_lazy("Took rectification items from a survey"),
    "ledger_item": gettext_lazy("Took a step on a rectification item"),
    "ledger_change": gettext_lazy("Changed a rectification item"),
    "weekly": gettext_lazy("Changed the weekly report"),
    "weekly_docx": gettext_lazy("Downloaded the weekly report"),
    "weekly_xlsx": gettext_lazy("Downloaded the weekly report as a table"),
    "self_check": gettext_lazy("Wrote in the school's self-check"),
    "own_figures": gettext_lazy("Sent in the school's figures"),
    "own_figures_take_back": gettext_lazy("Took back the school's figures"),
    "school_figures_one": gettext_lazy("Decided on a school's figures"),
    # Roster
    "roster": gettext_lazy("Uploaded a roster"),
    "roster_form": gettext_lazy("Downloaded the roster's form"),
    "roster_preview": gettext_lazy("Decided on an uploaded roster"),
    "roster_problems": gettext_lazy("Downloaded a roster's faults"),
    "roster_undo": gettext_lazy("Undid a roster import"),
    "school": gettext_lazy("Changed a school"),
}
ADMINISTRATION = gettext_lazy("Worked in the administration")


def phrase_of(action: str) -> str:
    """The action in words; for one that nobody put into words, its name."""
    if action in PHRASES:
        return str(PHRASES[action])
    if action.startswith("admin:"):
        return f"{ADMINISTRATION} ({action.removeprefix('admin:').replace('_', ' ')})"
    return action.replace("_", " ")


def actions_like(words: str) -> list[str]:
    """Actions whose phrase holds these words, in the language of the page."""
    wanted = words.casefold()
    return [action for action, phrase in PHRASES.items() if wanted in _(str(phrase)).casefold()]

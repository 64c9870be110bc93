"""The tables that erasing a case leaves as they are: another part of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A table without data of the persons of cases, or with ids only: nothing in it changes."""

    why: str
    columns: str


_ACCOUNT = "an account's own data, which do not belong to a case"
_ORGANISATION = "the organisation's own data"
_PROCESS = "processes as they were deployed or drawn"
_IDS = "ids, times and words of the program alone"
_FIGURES = "computed from facts, which are never personal"
KEPT: Mapping[str, Kept] = {
    "access_heads": Kept(_IDS, "reader_id length hash"),
    "alembic_version": Kept(_IDS, "version_num"),
    "application_counts": Kept("numbers without persons", "key version day stage step count"),
    "applications": Kept(
        "applications still being written: the row is deleted when the case begins, or after 30 days",
        "id user_id key version_id answers step created_at updated_at reached on_behalf_of further"
        " further_version_ids revision full_name proved_at",
    ),
    "audit_runs": Kept(
        "numbers and places of findings alone",
        "id kind requested_by requested_at started_at finished_at done total result",
    ),
    "progress_reports": Kept(
        _ORGANISATION,
        "id unit_id first last edition reason revision summary comments writers created_by created_at"
        " changed_at signed_by signed_at signer_names content digest",
    ),
    "report_actions": Kept(
        _ORGANISATION,
        "id report_id unit_id text owner_id due cause status reason decided_at closed_at",
    ),
    "report_action_changes": Kept(_ORGANISATION, "id action_id kind at by facts"),
    "provisioned": Kept(
        _ORGANISATION,
        "system_id resource_id external_id given_name family_name person closed_at removed_at salt",
    ),
    "publications": Kept(_FIGURES, "id calendar first last edition reason digest published_at published_by"),
    "published_figures": Kept(_FIGURES, "publication_id unit service place figures counted"),
    "publication_keys": Kept("a key of the installation", "id secret"),
    "flags": Kept(
        "patterns in the logs: ids, numbers, and a conclusion, whose form says to name no applicant",
        "id pattern unit_id definition period until subject_id numerator base usual_numerator usual_base"
        " state raised_at conclusion conclusion_text closed_by closed_at salt",
    ),
    "flag_cases": Kept(_IDS, "flag_id case_id at"),
    "flag_questions": Kept(
        "questions to officials and their answers, whose forms say to name no applicant",
        "id flag_id asked_id asked_by asked_at text due_at answer answered_at ended_at salt",
    ),
    "flag_searches": Kept(_IDS, "period until events searched_at"),
    "unit_rates": Kept(_ORGANISATION, "id unit_id role kind valid_from amount currency set_by set_at"),
    "commitments": Kept(
        _ORGANISATION,
        "id unit_id version metric definition due withdrawn_by withdrawn_at withdrawn_for",
    ),
    "commitment_versions": Kept(
        _ORGANISATION,
        "commitment_id number text_fa text_en legal_basis kind metric definition target calendar since due"
        " reason made_by made_at",
    ),
    "commitment_explanations": Kept(
        _ORGANISATION, "id commitment_id version state cause text explained_by explained_at"
    ),
    "registered_services": Kept(
        _ORGANISATION,
        "id unit_id name_fa name_en yearly_volume reason text planned_for definition revision registered_by"
        " registered_at changed_at removed_at",
    ),
    "calendars": Kept(_ORGANISATION, "id key name unit_id created_at"),
    "calendar_versions": Kept(
        _ORGANISATION, "id calendar_id number valid_from document reason created_by created_at"
    ),
    "unit_calendars": Kept(_ORGANISATION, "unit_id calendar_id set_at"),
    "closures": Kept(
        _ORGANISATION, "id unit_id first last reason declared_by declared_at revoked_by revoked_at"
    ),
    "recalculations": Kept(_ORGANISATION, "id unit_id ordered_by ordered_at done_at changed failed"),
    "checkpoint_leaves": Kept(_IDS, "log subject_id number length hash"),
    "checkpoint_sendings": Kept(_IDS, "number target status attempts due_at lease_until failure closed_at"),
    "checkpoints": Kept(_IDS, "number at body hash signatures"),
    "installation": Kept(_IDS, "id number_key numbers_from"),
    "chain_heads": Kept(_IDS, "name length hash"),
    "clocks": Kept(
        _IDS,
        "case_id state stage filed_at term extension started_at due_at warn_at floor_at stopped_at reasons"
        " norm norm_at pauses on_silence reassigns accept_within calendar next_at woken_at awaiting_at"
        " released_at outage_days",
    ),
    "case_figures": Kept(
        _FIGURES,
        "case_id seq definition version unit service_class channel represented started_at"
        " started_period ended_at ended_period ending outcome effect decided_by due_at stopped_at pauses"
        " late late_ms silent life_ms life_bin worked technical_failure other_agency in_queue with_applicant"
        " suspended scheduled_wait office_closed visits_planned visits_actual visits_known stars"
        " send_backs appealed upheld noted_ms cost unexplained_ms explained",
    ),
    "step_figures": Kept(
        _FIGURES,
        "case_id number definition version unit service_class element kind step_unit role opened_at"
        " opened_period claimed_at closed_at closed_period done wait_ms wait_bin work_ms work_bin"
        " send_backs people",
    ),
    "delay_causes": Kept(
        _FIGURES,
        "case_id rank definition version unit service_class ended_at ended_period party element bucket ms",
    ),
    "period_figures": Kept(
        _FIGURES,
        "period definition version unit service_class started started_by_channel started_online"
        " closed completed withdrawn cancelled granted refused ruled silent with_term on_time late_ms"
        " life_ms worked technical_failure other_agency in_queue with_applicant suspended"
        " scheduled_wait office_closed planned_cases visits_planned visits_known visits_actual rated"
        " stars send_backs appealed appeals_decided upheld noted_cases noted_ms cost_cases cost"
        " unexplained_ms",
    ),
    "step_period_figures": Kept(
        _FIGURES,
        "period definition version unit service_class element kind step_unit role arrived closed done"
        " wait_ms worked work_ms send_backs",
    ),
    "step_workers": Kept(
        _FIGURES,
        "period step_unit role definition version unit service_class element kind person steps",
    ),
    "cause_period_figures": Kept(
        _FIGURES,
        "period definition version unit service_class party element bucket cases ms",
    ),
    "duration_bins": Kept(_FIGURES, "of definition version element period unit service_class bin count"),
    "service_durations": Kept(_PROCESS, "definition cases median_seconds most_seconds counted_at"),
    "cursors": Kept(_IDS, "name transaction_id"),
    "definition_versions": Kept(
        _PROCESS,
        "id key number name file deployment_id digest published_at status published_by retired_at retired_by",
    ),
    "definitions": Kept(
        _PROCESS,
        "key current_version_id suspended_at disabled_at disabled_by offered_at offered_by unit_id"
        " service_class serve_within",
    ),
    "delegations": Kept(
        _ORGANISATION,
        "id definition elements unit_id delegate_id valid_from valid_to created_by created_at revoked_by"
        " revoked_at take_over confirmed_by confirmed_at",
    ),
    "deliveries": Kept(
        "what is sent is made of the event when it is sent: " + _IDS,
        "id webhook_id case_id seq status attempts due_at failure closed_at lease_until failed_at",
    ),
    "catalogue_entries": Kept(
        _PROCESS, "version_id startable parts steps audience channels life_events title search facts"
    ),
    "deployment_decisions": Kept(_PROCESS, "deployment_id file place key name inputs"),
    "deployment_files": Kept(_PROCESS, "deployment_id name content"),
    "deployments": Kept(_PROCESS, "id digest calls report deployed_by deployed_at"),
    "erased_files": Kept("files that are still to be deleted; a row goes with its file", "sha256 erased_at"),
    "heartbeats": Kept(_IDS, "name at differs_at"),
    "identities": Kept(_ACCOUNT, "issuer subject user_id created_at salt"),
    "memberships": Kept(_ORGANISATION, "id user_id unit_id role valid_from valid_to"),
    "case_migrations": Kept(
        _IDS,
        "id key from_version_id to_version_id status planned_by planned_at started_by started_at finished_at",
    ),
    "organisation_log": Kept(
        _ORGANISATION, "id seq at actor_id actor_role kind unit_id user_id payload rows hash"
    ),
    "passwords": Kept(_ACCOUNT, "user_id hash temporary changed_at"),
    "pending_logins": Kept(_ACCOUNT, "state browser provider nonce verifier target needed expires_at"),
    "candidate_group_roles": Kept(_ORGANISATION, "candidate_group_id unit_id role"),
    "candidate_groups": Kept(_ORGANISATION, "id definition delegation_id unit_id"),
    "procrastinate_events": Kept(_IDS, "id job_id type at"),
    "procrastinate_jobs": Kept(
        "a job names rows by their ids alone (engine/platform/jobs.py)",
        "id queue_name task_name priority lock queueing_lock args status scheduled_at attempts"
        " abort_requested worker_id",
    ),
    "procrastinate_periodic_defers": Kept(_IDS, "id task_name defer_timestamp job_id periodic_id"),
    "procrastinate_workers": Kept(_IDS, "id last_heartbeat"),
    "relations": Kept(
        "what officials have declared of themselves, whatever cases there are",
        "id user_id person kind declared_by declared_at ended_at salt",
    ),
    "retried_incidents": Kept(_IDS, "retry_id incident_id status at"),
    "sessions": Kept(
        _ACCOUNT,
        "id digest user_id provider acr authenticated_at created_at seen_at expires_at revoked_at agent",
    ),
    "process_draft_checks": Kept(
        _PROCESS, "draft_id revision status step done total report asked_by asked_at finished_at"
    ),
    "process_draft_files": Kept(_PROCESS, "draft_id name content"),
    "process_drafts": Kept(
        _PROCESS,
        "id unit_id name revision process_revision tried_revision version_id made_by made_at updated_by"
        " updated_at",
    ),
    "substitutions": Kept(_ORGANISATION, "id absent_id substitute_id valid_from valid_to"),
    "throttles": Kept("hashes of what was tried at logins, for an hour", "key failures since blocked_until"),
    "tokens": Kept(
        _ACCOUNT, "id user_id digest created_at revoked_at scopes expires_at requires_behalf replaces"
    ),
    "test_runs": Kept(
        "test runs of designers, with data that they type for it; nothing is copied from a case",
        "id version_id draft_id process process_revision owner_id clock_at acts revision updated_at",
    ),
    "unit_lines": Kept(_ORGANISATION, "ancestor_id unit_id"),
    "units": Kept(_ORGANISATION, "id key name kind parent_id region created_at closed_at"),
    "upload_files": Kept(_PROCESS, "upload_id name content"),
    "uploads": Kept(
        _PROCESS, "id unit_id unit_named draft_id status result uploaded_by uploaded_at finished_at"
    ),
    "users": Kept(
        _ACCOUNT,
        "id name role created_at person deactivated_at duplicate full_name_fa full_name_en email phone"
        " language calendar salt",
    ),
    "webhooks": Kept(
        _ORGANISATION,
        "id url secret definition kinds created_by owner_id created_at disabled_at failing_since",
    ),
}

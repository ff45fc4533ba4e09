"""Every deviation that stations are known for has a test that plays it, and every scenario of the simulated station is played.

The rows are those of the catalogue of deviations seen in the field (chapter 5) and of the rules for logs and for messages
in parts (3.3, 3.4); what is said beside a row instead of tests is why a CSMS of 2.0 and 2.0.1 cannot meet it.
"""

import ast
from pathlib import Path

import pytest

from ocppdiag_station import SCENARIOS

TESTS = Path(__file__).parents[1]
ONLY_1_6 = "of 1.6 only"
ONLY_2_1 = "of 2.1 only"
OTHERS = "of other systems than ours"

LINK = "the_link_stays_and_everything_works"
NOBODYS_STATUS = "a_status_of_no_request_is_taken_for_the_only_upload"
FAILED = "a_failed_upload_is_the_end_once_no_retry_is_left"
SILENT = "a_failure_of_which_nothing_is_said_ends_at_the_deadline_and_a_trigger_asks"
SUPERSEDED = "an_upload_that_is_dropped_for_a_newer_one_is_superseded"
WHOLE = "what_can_be_put_together_is_complete"
NUMBERS = "parts_with_wrong_numbers_are_put_together_and_the_report_says_how"
HOLES = "what_never_comes_is_named_at_the_deadline_beside_what_has_come"
EMPTY = "an_empty_part_is_legal_alone_and_suspicious_among_others"
MEANT = "what_can_mean_only_one_thing_is_read_as_that"
TIMES = "times_are_read_for_what_they_mean"
REFUSED = "an_alarm_is_told_whatever_its_trigger_and_a_number_that_does_not_fit_is_refused"
PICKY = "what_we_say_is_within_what_the_pickiest_station_takes"
BIG = "parts_of_a_mebibyte_are_taken_until_they_are_more_than_is_kept"
EVENTS = "each_event_is_taken_for_itself"
ERRORS = "an_error_of_any_shape_is_shown_at_once_and_the_link_stays"

ROWS: dict[str, tuple[str, ...] | str] = {
    "3.3 status before the answer": ("a_status_before_the_answer_belongs_to_its_log",),
    "3.3 superseded, and told so early, late or never": (SUPERSEDED,),
    "3.3 a second GetLog is accepted beside the first, or refused": (
        "a_station_may_upload_two_logs_at_once_or_refuse_the_second",
    ),
    "3.3 failed, then uploading again": (FAILED, "a_station_that_fails_twice_and_then_succeeds"),
    "3.3 Uploaded and no file; a file and no Uploaded": (
        "a_station_that_reports_an_upload_that_never_was",
        "a_station_that_uploads_and_never_reports",
    ),
    "3.3 unknown requestId, none, 0": (NOBODYS_STATUS,),
    "3.3 Idle": ("idle_is_no_news_for_an_upload_whatever_id_it_has",),
    "3.3 nothing more after a reboot": (
        "a_station_that_is_gone_over_a_request_ends_it_at_the_deadline",
        "a_station_that_disconnects_in_the_middle_of_its_upload",
    ),
    "3.3 trigger": ("a_trigger_says_which_upload_is_under_way", SILENT),
    "3.3 retries": ("retries_are_always_said_so_that_none_are_taken_for_granted", FAILED),
    "3.3 a timeout is no refusal": ("an_answer_after_its_time_still_counts",),
    "3.4 same seqNo, same content": (WHOLE,),
    "3.4 same seqNo, other content": (NUMBERS,),
    "3.4 holes": (HOLES,),
    "3.4 never ending": (HOLES,),
    "3.4 seqNo from 1": (NUMBERS,),
    "3.4 seqNo constant": (NUMBERS,),
    "3.4 a second run with the same requestId": (WHOLE,),
    "3.4 before the answer": (WHOLE,),
    "3.4 after the end": (WHOLE,),
    "3.4 tbc absent": (WHOLE, "a_part_without_tbc_is_the_last_and_those_after_it_are_nobodys"),
    "3.4 monitor absent, data empty": (EMPTY, "slices_are_joined_however_they_are_cut"),
    "3.4 unknown requestId": (WHOLE, "what_nobody_asked_for_is_thanked_and_nobody_hears_what_it_says"),
    "3.4 another station's requestId": ("a_part_with_another_stations_request_id_changes_nothing_there",),
    "3.4 EmptyResultSet, Rejected, NotSupported": (
        "no_report_is_waited_for_when_the_station_says_that_none_will_come",
    ),
    "3.4 caps": (BIG,),
    "5.1 requestId absent in a triggered status": (NOBODYS_STATUS,),
    "5.1 stale requestId although idle": ("idle_is_no_news_for_an_upload_whatever_id_it_has",),
    "5.1 requestId always 0": (NOBODYS_STATUS,),
    "5.1 AcceptedCanceled": (SUPERSEDED,),
    "5.1 requestId omitted, superseded failure": ONLY_1_6,
    "5.1 Uploading repeated": ("a_status_that_repeats_is_told_once",),
    "5.1 no status at all": (SILENT, "a_station_that_accepts_and_then_says_nothing"),
    "5.1 status before the GetLogResponse": ("a_status_before_the_answer_belongs_to_its_log",),
    "5.1 only http:// or only ftp://": (FAILED,),
    '5.1 appends "/" and its own filename': ("a_station_may_name_the_file_itself_or_not_at_all",),
    "5.1 GetDiagnostics with a credentialed FTP URL reboots it": (
        "a_station_that_is_gone_over_a_request_ends_it_at_the_deadline",
    ),
    "5.1 retries 0 or default misread": (
        "retries_are_always_said_so_that_none_are_taken_for_granted",
        FAILED,
    ),
    "5.1 UploadFailed": ("a_status_that_has_another_messages_name_is_read_as_meant",),
    "5.1 GetLog not known": ("a_station_that_does_not_know_get_log_is_shown_so",),
    "5.1 one upload engine behind two families": ONLY_1_6,
    "5.2 every part after the first has `monitor: []`": (EMPTY,),
    "5.2 eventNotificationType where there is none, or missing": (
        "a_kind_where_2_0_1_has_none_is_a_violation_and_the_report_is_whole",
        "an_event_without_its_kind_is_told_all_the_same",
    ),
    "5.2 setMonitoringResult: []": ("no_results_at_all_mean_that_nothing_was_set",),
    "5.2 NotImplemented when monitoring is off": ("a_station_without_monitoring_is_shown_so",),
    "5.2 SetMonitoringBase Rejected": ("a_refusal_is_shown_with_what_the_station_said",),
    "5.2 every NotifyEvent has seqNo 0 and no tbc": (EVENTS,),
    "5.2 eventId collides": (EVENTS,),
    "5.2 cleared events cannot be relied on": (
        "an_alert_may_never_be_over_and_one_may_be_over_that_never_was",
    ),
    "5.2 all faults as variable Problem": ("an_event_without_a_monitor_is_told_with_all_that_it_says",),
    "5.2 big messages": (BIG,),
    "5.2 seqNo and tbc errors": (NUMBERS, HOLES, WHOLE),
    "5.2 CALLERROR for an unknown NotifyCustomerInformation": (
        "what_nobody_asked_for_is_thanked_and_nobody_hears_what_it_says",
    ),
    "5.3 slices cut by bytes, empty data": ("slices_are_joined_however_they_are_cut",),
    "5.3 idToken limit 36": ONLY_2_1,
    "5.3 an empty report": ("nothing_known_is_an_answer_like_any_other",),
    "5.4 time without zone": (TIMES,),
    '5.4 "+02"': (TIMES,),
    "5.4 Java's zone": (TIMES,),
    "5.4 empty string instead of time": ("an_empty_time_where_one_is_needed_is_refused_and_the_link_stays",),
    "5.4 seven and more fraction digits; null": (TIMES, MEANT),
    '5.4 receiver requires "Z"': (PICKY,),
    "5.4 formats not checked": ("a_time_that_is_none_is_refused_and_the_link_stays",),
    "5.4 over-long strings": (MEANT, "what_is_too_long_is_cut_and_kept_whole_beside_it"),
    "5.4 empty required strings": (MEANT, "what_is_empty_or_zero_stays_so"),
    "5.4 enum values not in the list": (REFUSED,),
    "5.4 broken JSON, NUL bytes": (LINK,),
    "5.4 null or missing payload": (LINK,),
    "5.4 numbers as strings, fractional integers, overflow": (MEANT, REFUSED),
    "5.4 zero treated as missing": (PICKY,),
    "5.4 customData dropped or refused": (MEANT,),
    "5.4 the CSMS sends null": (PICKY,),
    "5.4 evse or connector 0": ("what_is_empty_or_zero_stays_so",),
    "5.4 response payload echoes the request": (PICKY,),
    "5.5 CALLERROR of four members, details as text": (ERRORS,),
    "5.5 unknown error codes": (ERRORS,),
    "5.5 CALLERROR to a CALLRESULT": (LINK,),
    "5.5 late answers": ("an_answer_after_its_time_still_counts",),
    "5.5 both directions serialised": ("a_station_that_does_not_answer_is_answered_all_the_same",),
    "5.5 message ids reused, restarted, empty": (LINK,),
    "5.5 messages while not accepted": (LINK,),
    "5.5 the CSMS refuses what it triggered while Pending": OTHERS,
    "5.5 types 5 and 6": ONLY_2_1,
    "5.5 SecurityEventNotification, names of the other version": (
        "security_events_are_known_again_and_may_have_any_name",
    ),
    "5.6 BootNotification at every reconnect, or never": ("a_station_may_boot_at_each_connection_or_never",),
    "5.6 comes and goes, vanishes": (
        "a_station_that_comes_and_goes_is_there_in_the_end",
        "a_station_that_vanishes_over_a_request_is_told_at_once_and_may_come_back",
    ),
}


def _whole_tests() -> set[str]:
    return {
        node.name
        for file in (TESTS / "whole").glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
    }


def _played() -> set[str]:
    """Every text that stands in a test of whole processes or in what those share, a list of all the scenarios apart."""
    return {
        node.value
        for file in (TESTS / "whole").glob("test_*.py")
        if file.name != "test_simulated_station_faults.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("row", ROWS)
def test_each_deviation_has_its_tests_or_a_reason_why_there_are_none(row: str) -> None:
    told = ROWS[row]
    if isinstance(told, str):
        assert told in (ONLY_1_6, ONLY_2_1, OTHERS)
    else:
        assert told
        assert {f"test_{name}" for name in told} <= _whole_tests()


def test_each_scenario_is_played_through_all_processes() -> None:
    assert SCENARIOS.keys() - _played() == set()

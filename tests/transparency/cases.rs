//! Every case of `cases/`, as a test of its own.

use std::path::{Path, PathBuf};

use tokio::net::TcpListener;

use super::case::Case;
use super::run::{self, Between};
use crate::harness::road::{Road, Settings};
use crate::harness::wait;

/// One test per file; the list is here so that a test can be named and run alone.
macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    absolute_form
    answers_in_one_piece_with_the_end
    asterisk_form
    bare_lf
    body_of_a_get
    body_until_the_end
    bytes_after_the_last_response
    chunk_extensions
    close_with_unread_bytes
    connect_accepted
    connect_refused
    connect_with_bytes_sent_along
    connection_close_from_the_client
    connection_close_from_the_origin
    connection_without_a_byte
    cr_lf_split_between_segments
    duplicate_content_length
    early_413_while_the_upload_is_blocked
    early_response_then_the_rest_of_the_body
    edit_forwarded_for_appended
    edit_forwarded_for_in_a_pipeline
    edit_forwarded_for_inserted
    edit_forwarded_for_when_the_field_has_gone_on
    edit_leaves_what_is_not_understood
    edit_stops_at_the_upgrade
    eight_thousand_headers
    empty_lines_before_a_request
    end_before_any_response
    end_before_the_whole_response
    everything_at_once
    expect_accepted
    expect_refused
    expect_refused_body_sent_anyway
    half_close_from_the_client
    half_close_from_the_origin
    header_case_order_and_duplicates
    http_0_9
    http_1_0
    http_1_0_keep_alive
    http_1_1_answer_to_http_1_0
    informational_responses
    length_and_chunked_at_once
    long_pipeline
    malformed_chunks
    many_headers_in_a_small_head
    many_informational_responses
    not_utf8
    nul_in_the_head
    obs_fold
    odd_content_lengths
    odd_transfer_encodings
    one_very_long_header
    part_of_a_body_then_the_end
    part_of_a_head_arrives_at_once
    part_of_a_head_then_the_end
    part_of_a_line_end_arrives_at_once
    part_of_a_response_arrives_at_once
    pipeline_cut_short_by_the_origin
    pipeline_without_bound
    pipelining
    reset_from_the_client
    reset_from_the_client_after_the_origin_ended
    reset_from_the_client_behind_a_write
    reset_from_the_client_in_an_upload
    reset_from_the_origin
    reset_from_the_origin_after_the_client_ended
    reset_from_the_origin_behind_a_write
    reset_of_a_tunnel
    reset_of_an_idle_connection
    response_nobody_asked_for
    responses_without_body
    server_speaks_first
    space_before_the_colon
    status_line_without_reason
    switching_protocols_nobody_asked_for
    tls_client_hello
    trailers_both_ways
    unknown_protocol
    unusual_methods
    unusual_versions
    upgrade_refused
    upgrade_refused_with_a_request_behind_it
    upgrade_to_another_protocol
    upgrade_with_bytes_sent_along
    utf8_in_the_target
    websocket_aborted
    websocket_ends_without_goodbye
    websocket_fragments_and_control_frames
    websocket_of_broken_frames
}

#[test]
fn every_case_file_is_listed() {
    let files = std::fs::read_dir(folder()).expect("the folder of cases").map(|file| file.expect("a file").path());
    let mut files: Vec<String> = files.map(|file| file.file_stem().expect("a name").display().to_string()).collect();
    files.sort();
    assert_eq!(files, LISTED);
}

/// Plays the case directly, then through the road, then through it byte by byte; each time the bytes and the metrics
/// are what the file says.
fn check(name: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.case"))).expect("the case's file");
    let case = Case::parse(&text).unwrap_or_else(|error| panic!("{name}.case: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");

    let directly = runtime.block_on(run::play(&case, &listener, None));
    directly.unwrap_or_else(|error| panic!("{name}.case is wrong in itself, {error}"));

    for byte_by_byte in [false, true] {
        if byte_by_byte && !case.may_be_split {
            continue;
        }
        let gateway = listener.local_addr().expect("a bound socket");
        let road = Road::start(&Settings { forwarded_for: case.forwarded_for, ..Settings::to(gateway) });
        let between = Between { ingress: road.ingress, process: road.process.id(), byte_by_byte };
        let played = runtime.block_on(run::play(&case, &listener, Some(between)));
        let how = if byte_by_byte { "the road, byte by byte" } else { "the road" };
        played.unwrap_or_else(|error| panic!("{name}.case through {how}, {error}"));
        if road.has_metrics() {
            for (family, expected) in &case.metrics {
                let what = format!("{name}.case through {how}: {family}");
                wait::until_equal(&what, expected, || road.metrics().moved(family));
            }
        }
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transparency/cases")
}

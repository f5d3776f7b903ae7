//! The agent does what its OpenAPI document says, held against it by schemathesis.

use std::process::Command;

use crate::harness::gateway::Gateway;
use crate::harness::installed;
use crate::harness::raw;
use crate::harness::road::Road;

/// What is held. That data which fits its schema is taken is not: no schema tells what PromQL is.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,unsupported_method,allow_header_conformance";

#[test]
fn schemathesis_finds_no_answer_that_the_document_does_not_tell() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(installed::python().with_file_name("schemathesis"));
    command.arg("run").arg(format!("http://{}/openapi.json", road.admin())).current_dir(folder.path());
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "7", "--checks", CHECKS]);
    command.args(["--continue-on-failure", "--no-color", "--generation-database", "none"]);
    // It has no end.
    command.args(["--exclude-path", "/api/v1/live"]);
    let output = command.output().expect("schemathesis runs");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{told}");
    let cases = told.lines().find(|line| line.contains("generated")).unwrap_or_default();
    eprintln!("{}", cases.trim());
}

//! The web page in a real Chromium. Screenshots stay under `target/screenshots`.

use std::path::Path;
use std::process::Command;

use crate::harness::gateway::Gateway;
use crate::harness::installed;
use crate::harness::road::Road;

#[test]
fn a_person_sees_traffic_rise_acknowledges_an_alert_and_reads_it_in_the_dark() {
    let gateway = Gateway::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "service: shop\nlog: {{ level: info, format: json }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{}' }}\nadmin: {{ listen: '127.0.0.1:0' }}\n\
         routes: {{ patterns: ['/items/{{id}}'] }}\nhistory: {{ interval: 1s }}\n\
         alerting:\n  state: '{}'\n  interval: 1s\n  defaults: false\n  rules:\n    \
         - {{ name: always, condition: 'vector(7) > 1', severity: high, message: 'it is {{value:.1f}}' }}\n",
        gateway.address,
        folder.path().display()
    );
    std::fs::write(&config, text).expect("written");
    let road = Road::run(folder, config);
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("inside target/").join("screenshots");
    std::fs::create_dir_all(&shots).expect("target/ takes a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/browser/page.py");
    let mut command = Command::new(installed::python());
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script);
    command.args([format!("http://{}", road.admin()), format!("http://{}", road.ingress)]).arg(&shots);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{told}");
    eprintln!("{told}");
    assert!(told.contains("no fault on the console, no request leaves the origin"), "{told}");
}

//! What the demonstration claims, from the line that it prints for programs.

use serde_json::Value;

use crate::program;

#[test]
fn the_demonstration_shows_what_it_claims() {
    let output = program()
        .command()
        .args(["demo", "--once", "--json"])
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    let claims: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(claims["nodes"], 5, "{claims}");
    assert!(claims["documents"].as_u64().unwrap() >= 112, "{claims}");
    assert_eq!(claims["converged"], true, "{claims}");
    assert_eq!(claims["edits_lost"], 0, "{claims}");
    assert_eq!(claims["conflicts_found"], 2, "{claims}");
    assert_eq!(claims["conflicts_resolved"], 1, "{claims}");
    assert_eq!(claims["heads_equal"], true, "{claims}");
    assert_eq!(claims["unshared_leaked"], 0, "{claims}");
    assert!(!err.contains("ERROR"), "{err}");
}

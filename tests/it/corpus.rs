//! A study's worth of photos: a thousand of all kinds, fifty of them spoilt.

use std::collections::BTreeMap;

use crate::kit::corpus;
use crate::support::Lab;

#[test]
fn a_thousand_photos_with_fifty_spoilt_ones() {
    let lab = Lab::new();
    let spoilt = corpus::write(&lab.path("photos"), 1000, 50, 4);
    let summary = lab.run(&["--jobs", "2", "--json"]).expect_code(3).json();
    assert_eq!((&summary["totals"]["done"], &summary["totals"]["failed"]), (&950.into(), &50.into()), "{summary}");
    let records = lab.records();
    let mut failed: Vec<&str> = Vec::new();
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &records {
        if record["status"] == "failed" {
            failed.push(record["input"]["path"].as_str().unwrap());
            *causes.entry(record["failure"]["code"].as_str().unwrap()).or_default() += 1;
        }
    }
    failed.sort_unstable();
    assert_eq!(failed, spoilt);
    assert!(causes.len() >= 4, "each has its cause: {causes:?}");
    let paths: Vec<&str> = records.iter().map(|r| r["input"]["path"].as_str().unwrap()).collect();
    assert!(paths.is_sorted_by_key(|path| path.split('/').collect::<Vec<_>>()), "the order is stable and plain");

    let again = lab.run(&["--jobs", "2", "--json"]).expect_code(3).json();
    assert_eq!((&again["kept"], &again["processed"]), (&950.into(), &50.into()), "only what failed is tried again");
    println!("1,000 photos: {:.1} s, again: {:.2} s", summary["seconds"], again["seconds"]);
}

//! A study's worth of photos: three hundred of all kinds, thirty of them spoilt.

use std::collections::BTreeMap;

use crate::kit::corpus;
use crate::support::Lab;

#[test]
fn three_hundred_photos_with_thirty_spoilt_ones() {
    let lab = Lab::with_quick_model();
    let spoilt = corpus::write(&lab.path("photos"), 300, 30, 4);
    let run = || lab.run(&["--jobs", "2", "--json"]).expect_code(3).json();
    let summary = run();
    assert_eq!((&summary["totals"]["done"], &summary["totals"]["failed"]), (&270.into(), &30.into()), "{summary}");
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

    let again = run();
    assert_eq!((&again["kept"], &again["processed"]), (&270.into(), &30.into()), "only what failed is tried again");
}

//! Every parser of foreign bytes, fed with spoilt ones: whatever comes, there is an answer or an error, never a panic.
//!
//! A usual test run tries each parser for a moment. `DERM_SEG_FUZZ=1000000 cargo test --test it fuzz::` gives each as many
//! executions. What fails names its seed, which gives the same bytes again. `fuzz/` tries the same parsers led by coverage;
//! `docs/reliability.md` says how often each was done.

use std::panic::catch_unwind;

use crate::kit::parsers::{PARSERS, Parser};
use crate::kit::spoil::corrupted;

/// Executions of the cheapest parsers, if nobody says how many.
const USUAL: u64 = 3000;

fn fuzz(Parser { name, cost, good, parse }: &Parser) {
    let wanted = std::env::var("DERM_SEG_FUZZ").ok().map(|n| n.parse().expect("DERM_SEG_FUZZ is a number"));
    let executions = (wanted.unwrap_or(USUAL) / cost).max(1);
    let good = good();
    for seed in 0..executions {
        let bytes = corrupted(&good[seed as usize % good.len()], seed);
        let survived = catch_unwind(|| parse(&bytes));
        assert!(survived.is_ok(), "{name}, seed {seed}: {} bytes: {}", bytes.len(), bytes.escape_ascii());
    }
    if wanted.is_some() {
        println!("{name}: {executions} executions");
    }
}

#[test]
fn no_spoilt_bytes_make_a_parser_panic() {
    PARSERS.iter().for_each(fuzz);
}

#[test]
fn good_bytes_are_read_too() {
    PARSERS.iter().for_each(|parser| (parser.good)().iter().for_each(|bytes| (parser.parse)(bytes)));
}

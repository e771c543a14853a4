//! The program as its users meet it: command lines in, files, words and exit codes out.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

mod archives;
mod at_rest;
mod bombs;
mod browser;
mod calibrate;
mod check;
mod classify;
mod command_line;
mod compare;
mod config;
mod corpus;
mod correct;
mod crash;
mod crops;
mod damage;
mod detection;
mod dicom;
mod dicom_copies;
mod dicom_seg;
mod documents;
mod eval;
mod export;
mod faces;
mod faults;
mod fuzz;
mod heic;
mod inputs;
mod keep;
mod kinds;
#[path = "../kit/mod.rs"]
mod kit;
mod labels;
mod masks;
mod models;
mod opt_out;
mod parts;
mod people;
mod privacy;
mod readers;
mod report;
mod resume;
mod scale;
mod schemas;
mod scrub;
mod sentinel;
mod series;
mod stress;
mod support;
mod third_parties;
mod tour;
mod track;
mod values;
mod withdraw;

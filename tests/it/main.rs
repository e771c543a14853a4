//! The program as its users meet it: command lines in, files, words and exit codes out.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod command_line;
mod corpus;
mod crash;
mod damage;
mod inputs;
#[path = "../kit/mod.rs"]
mod kit;
mod masks;
mod models;
mod privacy;
mod resume;
mod schemas;
mod support;

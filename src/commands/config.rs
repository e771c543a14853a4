//! `--config FILE`: options from a file, under the names that they have on the command line, which wins. A run.json is such a
//! file, too: it repeats the settings of its run. `--write-config FILE` writes one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::cli::Cli;
use crate::disk::vault::{Vault, exists};
use crate::disk::{describe, write};
use crate::error::UsageError;
use crate::store::{ENCRYPTED_TO, RUN_SCHEMA};

/// Options that are about the file itself, or about one command line only.
const NOT_KEPT: [&str; 4] = ["config", "write-config", "dry-run", "json"];

/// The command line, with what its file adds. clap ends the program where the words are wrong, or help is asked for.
pub fn parse(words: Vec<OsString>) -> Result<Cli, UsageError> {
    let words = with_config(words)?;
    let matches = Cli::command().get_matches_from(words);
    if let Some((verb, of_verb)) = matches.subcommand()
        && let Ok(Some(file)) = of_verb.try_get_one::<PathBuf>("write_config")
    {
        write_config(file, &command(verb), of_verb)?;
    }
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit()))
}

fn command(verb: &str) -> Command {
    let mut all = Cli::command();
    all.build();
    all.find_subcommand(verb).cloned().unwrap_or(all)
}

/// The words of the options in the file are put between the verb and the user's own.
fn with_config(mut words: Vec<OsString>) -> Result<Vec<OsString>, UsageError> {
    // The file may have what the command line lacks, so nothing that is wrong counts yet.
    let Ok(matches) = Cli::command().ignore_errors(true).try_get_matches_from(&words) else { return Ok(words) };
    let Some((verb, typed)) = matches.subcommand() else { return Ok(words) };
    let Ok(Some(file)) = typed.try_get_one::<PathBuf>("config") else { return Ok(words) };
    let wrong = |why: String| UsageError(format!("--config {}: {why}", file.display()));
    let command = command(verb);
    let options = read(file, verb, typed).map_err(wrong)?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (key, value) in options {
        let arg = find(&command, &key).ok_or_else(|| wrong(unknown(&command, verb, &key)))?;
        if typed.value_source(arg.get_id().as_str()) != Some(ValueSource::CommandLine) {
            let into = if arg.is_positional() { &mut after } else { &mut before };
            into.extend(as_words(arg, &key, &value).map_err(wrong)?);
        }
    }
    let at = words.iter().position(|word| word == verb).map_or(words.len(), |verb| verb + 1);
    words.splice(at..at, before);
    if !after.is_empty() {
        words.push("--".into());
        words.extend(after);
    }
    Ok(words)
}

/// The options of a file, for one command.
fn read(file: &Path, verb: &str, typed: &ArgMatches) -> Result<Table, String> {
    let text = std::fs::read_to_string(file).map_err(|e| describe(&e))?;
    if text.trim_start().starts_with('{') {
        return of_run(&text, verb, typed);
    }
    let mut table: Table = text.parse().map_err(|e: toml::de::Error| e.to_string().trim_end().to_owned())?;
    // A file may have a part for each command.
    let own = table.remove(verb);
    table.retain(|key, value| !(value.is_table() && Cli::command().find_subcommand(key).is_some()));
    match own {
        Some(Value::Table(own)) => table.extend(own),
        Some(_) => return Err(format!("`{verb}` has to be a part of its own: [{verb}]")),
        None => {}
    }
    Ok(table)
}

fn find<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    let is_meant = |arg: &&Arg| match arg.get_long() {
        Some(long) => long == key && !["help", "config", "write-config"].contains(&long),
        None => key == "inputs" && arg.get_id() == "inputs",
    };
    command.get_arguments().find(is_meant)
}

fn unknown(command: &Command, verb: &str, key: &str) -> String {
    let names = command.get_arguments().filter_map(Arg::get_long);
    let near = |name: &str| strsim::jaro_winkler(name, key);
    let nearest = names.max_by(|a, b| near(a).total_cmp(&near(b))).filter(|name| near(name) > 0.8);
    let meant = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("`{key}` is not an option of `derm-seg {verb}`{meant}")
}

fn as_words(arg: &Arg, key: &str, value: &Value) -> Result<Vec<OsString>, String> {
    let wrong = |what: &str| format!("`{key}` has to be {what}");
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count);
    let word = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return Err(wrong("a text or a number")),
        };
        Ok(OsString::from(if arg.is_positional() { text } else { format!("--{key}={text}") }))
    };
    match value {
        Value::Boolean(false) if is_switch => Ok(Vec::new()),
        Value::Boolean(true) if is_switch => Ok(vec![format!("--{key}").into()]),
        _ if is_switch => Err(wrong("true or false")),
        Value::Array(values) if takes_several(arg) => values.iter().map(word).collect(),
        Value::Array(_) => Err(wrong("one value")),
        one => Ok(vec![word(one)?]),
    }
}

fn takes_several(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// The options that a run's settings stand for. No path is among them: run.json holds none.
fn of_run(text: &str, verb: &str, typed: &ArgMatches) -> Result<Table, String> {
    let run: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if run["schema"] != RUN_SCHEMA {
        return Err("it is neither TOML nor the run.json of a run".into());
    }
    if verb != "run" {
        return Err("a run.json is for `derm-seg run`; write a TOML file".into());
    }
    let settings = &run["settings"];
    let is_typed = |id: &str| typed.value_source(id) == Some(ValueSource::CommandLine);
    if !settings[ENCRYPTED_TO].is_null() && !is_typed("encrypt_to") && !is_typed("recipients_file") {
        return Err("the results of that run are encrypted: give --encrypt-to or --recipients-file".into());
    }
    let mut options = Table::new();
    let mut add = |name: &str, value: &Json| {
        let value = match value {
            Json::String(text) => Value::from(text.as_str()),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::from(whole),
                None => Value::from(number.as_f64().unwrap_or_default()),
            },
            Json::Bool(switch) => Value::from(*switch),
            _ => return,
        };
        options.insert(name.to_owned(), value);
    };
    add("model-sha256", &settings["model_sha256"]);
    let output = &settings["manifest_output"];
    if output["thresholds_source"] == "--threshold" {
        add("threshold", &output["thresholds"]["lesion"]);
    }
    for (option, setting) in [
        ("device", "device"),
        ("max-pixels", "max_pixels"),
        ("max-bytes", "max_file_bytes"),
        ("probs", "probability_bits"),
        ("privacy", "privacy"),
        ("faces", "faces"),
        ("names", "names"),
    ] {
        add(option, &settings[setting]);
    }
    let overlay = &run["overlay"];
    if overlay.is_object() {
        add("overlay", &Json::Bool(true));
        add("overlay-size", &overlay["longest_side"]);
        add("overlay-style", &Json::from(if overlay["filled"] == true { "fill" } else { "contour" }));
    }
    Ok(options)
}

/// What was typed, or came from the environment or another such file, in the order of the help.
fn write_config(file: &Path, command: &Command, typed: &ArgMatches) -> Result<(), UsageError> {
    let wrong = |why: String| UsageError(format!("--write-config {}: {why}", file.display()));
    if exists(file) {
        return Err(wrong("it is there already; name a new file".into()));
    }
    let verb = command.get_name();
    let mut text = format!(
        "# Options of `derm-seg {verb}`, version {}. `derm-seg {verb} --config FILE` takes them from here;\n\
         # what the command line says counts first.\n",
        env!("CARGO_PKG_VERSION")
    );
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let name = arg.get_long().unwrap_or(id);
        let source = typed.value_source(id);
        let is_said = matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable));
        if !is_said || NOT_KEPT.contains(&name) {
            continue;
        }
        let value = match arg.get_action() {
            ArgAction::SetTrue | ArgAction::Count => Value::from(true),
            _ => {
                let raw = typed.get_raw(id).into_iter().flatten();
                let texts: Option<Vec<Value>> = raw.map(|value| value.to_str().map(value_of)).collect();
                let mut values = texts.ok_or_else(|| wrong(format!("{name} is not UTF-8")))?;
                if takes_several(arg) { Value::Array(values) } else { values.pop().unwrap_or_else(|| Value::from("")) }
            }
        };
        text += &format!("{name} = {value}\n");
    }
    write(&Vault::default(), file, text.as_bytes()).map_err(|e| wrong(describe(&e)))
}

/// A number where it would be written the same again.
fn value_of(text: &str) -> Value {
    let whole = text.parse::<i64>().ok().filter(|number| number.to_string() == text).map(Value::from);
    let number = || text.parse::<f64>().ok().filter(|number| number.to_string() == text).map(Value::from);
    whole.or_else(number).unwrap_or_else(|| Value::from(text))
}

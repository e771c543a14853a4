//! Change over time, through the program: drawn skin on several days, with lesions of which it is known what became of them.

use derm_seg::domain::mask::LESION;
use serde_json::Value;

use crate::kit::files::Jpeg;
use crate::kit::visits::{Spot, Visit};
use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::binary;
use crate::support::{CODE_KEY, Lab};

/// Photos of visits, the masks that a doctor would draw, and the table of the visits.
pub fn clinic(visits: &[(&str, &str, &str, Visit)]) -> Lab {
    let lab = Lab::new();
    let mut table = "path,subject,site,date\n".to_owned();
    for (path, site, date, visit) in visits {
        let sample = visit.draw(400, 300);
        lab.put(&format!("photos/{path}.jpg"), &Jpeg::camera().write(&sample.photo));
        binary(&lab.path(&format!("truth/{path}.png")), &sample.truth);
        table += &format!("{path}.jpg,{},{site},{date}\n", path.split('/').next().unwrap());
    }
    lab.put("visits.csv", table.as_bytes());
    lab
}

/// Three people; one whose second photo is somebody else's.
pub fn three_people() -> Lab {
    let [a, b, c] = [Spot::new(-0.45, -0.3, 0.2), Spot::new(0.4, 0.25, 0.16), Spot::new(0.45, -0.45, 0.14)];
    let grown = Spot { radius: 0.26, ..a };
    let small = Spot { radius: 0.11, ..b };
    let halves = [Spot::new(-0.2, 0.1, 0.15), Spot::new(0.24, 0.1, 0.15)];
    let whole = [Spot::new(-0.2, 0.1, 0.26), Spot::new(0.24, 0.1, 0.26)];
    clinic(&[
        ("P01/1", "arm", "2024-03-01", Visit::new(1, &[a, b])),
        ("P01/2", "arm", "2024-04-01", Visit::new(1, &[grown, b]).from(1.15, 12.0, (0.05, -0.04), 0.85)),
        ("P01/3", "arm", "2024-05-31", Visit::new(1, &[grown, small, c]).from(0.85, -20.0, (-0.04, 0.03), 1.1)),
        ("P02/1", "back", "2024-03-01", Visit::new(2, &[Spot::new(-0.6, -0.6, 0.2), halves[0], halves[1]])),
        ("P02/2", "back", "2024-03-31", Visit::new(2, &[whole[0], whole[1]]).from(1.0, 8.0, (0.02, 0.02), 0.95)),
        ("P03/1", "leg", "2024-03-01", Visit::new(3, &[a])),
        ("P03/2", "leg", "2024-03-08", Visit::new(4, &[a])),
    ])
}

/// `run`, the doctor's masks in place of the model's, and `track` with more words.
fn tracked(lab: &Lab, more: &str) -> Value {
    assert_eq!(lab.run(&["--quiet"]).code, 0);
    assert_eq!(lab.say("correct out --masks truth --photos photos --quiet").code, 0);
    track(lab, more)
}

fn track(lab: &Lab, more: &str) -> Value {
    let ran = lab.say(&format!("track out --photos photos --subjects visits.csv --json --quiet {more}"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn photo<'a>(told: &'a Value, path: &str) -> &'a Value {
    let photos = told["series"].as_array().unwrap().iter().flat_map(|series| series["photos"].as_array().unwrap());
    photos.into_iter().find(|photo| photo["path"] == path).unwrap()
}

/// The states of a photo's lesions, in the order of their numbers.
fn states<'a>(told: &'a Value, path: &str) -> Vec<&'a str> {
    let lesions = photo(told, path)["lesions"].as_array().unwrap();
    lesions.iter().map(|lesion| lesion["state"].as_str().unwrap()).collect()
}

fn change(told: &Value, path: &str, lesion: u64) -> f64 {
    let lesions = photo(told, path)["lesions"].as_array().unwrap();
    lesions.iter().find(|l| l["lesion"] == lesion).unwrap()["area_change"].as_f64().unwrap()
}

#[test]
fn what_became_of_each_lesion_is_told_and_strangers_are_not_guessed() {
    let lab = three_people();
    let told = tracked(&lab, "");
    assert_valid(&schema("track"), &told);
    // Numbers are by size in the first photo.
    assert_eq!(states(&told, "P01/1.jpg"), ["first", "first"]);
    assert_eq!(states(&told, "P01/2.jpg"), ["growing", "stable"]);
    assert_eq!(states(&told, "P01/3.jpg"), ["growing", "shrinking", "new"]);
    assert_eq!(states(&told, "P02/2.jpg"), ["resolved", "merged", "merged"]);
    let pixels = |x, y, radius| Visit::new(1, &[Spot::new(x, y, radius)]).draw(400, 300).truth.count(LESION) as f64;
    let grown = pixels(-0.45, -0.3, 0.26) / pixels(-0.45, -0.3, 0.2);
    let small = pixels(0.4, 0.25, 0.11) / pixels(0.4, 0.25, 0.16);
    for (path, lesion, truth) in [("P01/2.jpg", 1, grown), ("P01/3.jpg", 1, grown), ("P01/3.jpg", 2, small)] {
        let found = 1.0 + change(&told, path, lesion);
        assert!((found / truth - 1.0).abs() < 0.05, "{path} {lesion}: {found}, not {truth}");
    }
    assert!(change(&told, "P01/2.jpg", 2).abs() < 0.05);
    let stranger = photo(&told, "P03/2.jpg");
    assert_eq!((&stranger["comparable"], stranger["reason"].is_string()), (&Value::from(false), true), "{stranger}");
    assert!(stranger["lesions"].as_array().unwrap().is_empty() && stranger["skin_share"].is_null());
    let turned = photo(&told, "P01/2.jpg")["alignment"]["turn_deg"].as_f64().unwrap();
    assert!((turned - 12.0).abs() < 0.5, "{turned}");
    // The lesions are as red as before: in less light da* is less, by as much as is told, and dEI is the same.
    let colour = &photo(&told, "P01/2.jpg")["colour"];
    let [da, dei] = ["da_change", "dei_change"].map(|name| colour[name].as_f64().unwrap());
    let [light, by_light] = ["l", "da"].map(|name| colour["light"][name].as_f64().unwrap());
    assert!(light < -3.0 && by_light < -1.0 && (da - by_light).abs() < 1.5 && dei.abs() < 1.0, "{colour}");
    let share = &photo(&told, "P01/2.jpg")["skin_share"];
    assert!(share["change"].as_f64().unwrap() > 0.02 && share["alignment_error"].as_f64().unwrap() < 0.01, "{share}");

    // Dates are nowhere, unless they are asked for.
    let read = |name: &str| String::from_utf8(lab.results().remove(name).unwrap()).unwrap();
    for name in ["track.json", "track.csv", "track.html"] {
        assert!(!read(name).contains("2024-0"), "{name} has a date");
    }
    assert_eq!(photo(&told, "P01/3.jpg")["day"], 91);
    track(&lab, "--shift-days -100 -o shifted");
    let shifted = std::fs::read_to_string(lab.path("shifted/track.csv")).unwrap();
    assert!(shifted.contains("2023-11-22") && !shifted.contains("2024-03-01"));

    // Somebody who opted out is in none of it; after a withdrawal, the files that counted them are gone.
    lab.put("out.txt", b"P02\nP01\n");
    let without = track(&lab, "--opt-out out.txt -o without");
    assert_eq!(without["totals"]["series"], 1);
    assert!(!std::fs::read_to_string(lab.path("without/track.html")).unwrap().contains("P02"));
    // The same table, whose column of people has a name of its own.
    let table = std::fs::read_to_string(lab.path("visits.csv")).unwrap().replace("subject", "who");
    lab.put("named.csv", table.as_bytes());
    let named =
        "track out --photos photos --subjects named.csv --subject-column who --opt-out out.txt -o without --quiet";
    lab.say(named).expect_code(0);
    assert_eq!(lab.say("report out --quiet").code, 0);
    assert!(read("report.html").contains("<section id=\"track\">"));
    let ran = lab.say("report out --opt-out out.txt --subjects visits.csv -o page.html");
    assert!(ran.stderr.contains("opted out"), "{}", ran.stderr);
    assert_eq!(lab.say("withdraw out --ids out.txt --subjects visits.csv --quiet").code, 0);
    assert!(!lab.path("out/track.json").exists() && !lab.path("out/track.html").exists());
}

#[test]
fn what_is_not_wholly_in_both_photos_is_neither_new_nor_resolved() {
    let (middle, edge) = (Spot::new(0.0, 0.0, 0.2), Spot::new(-1.05, 0.2, 0.15));
    let lab = clinic(&[
        ("P01/1", "arm", "2024-03-01", Visit::new(7, &[middle, edge])),
        // The edge is out of sight; what was out of sight comes in.
        ("P01/2", "arm", "2024-03-08", Visit::new(7, &[middle]).from(1.0, 0.0, (0.4, 0.0), 1.0)),
        (
            "P01/3",
            "arm",
            "2024-03-15",
            Visit::new(7, &[middle, Spot::new(1.35, 0.3, 0.2)]).from(1.0, 0.0, (0.3, 0.0), 1.0),
        ),
    ]);
    let told = tracked(&lab, "");
    for path in ["P01/2.jpg", "P01/3.jpg"] {
        assert_eq!(states(&told, path)[..2], ["stable", "not_comparable"], "{path}");
        let lesions = photo(&told, path)["lesions"].as_array().unwrap();
        assert!(lesions[1..].iter().all(|lesion| lesion["reason"] == "outside_field"), "{path}: {lesions:?}");
        assert!(lesions[1]["area_change"].is_null());
    }
}

#[test]
fn stated_scales_count_where_they_fit_the_skin() {
    let spot = Spot::new(0.0, 0.1, 0.25);
    let lab = clinic(&[
        ("P01/1", "arm", "2024-03-01", Visit::new(9, &[spot])),
        ("P01/2", "arm", "2024-03-08", Visit::new(9, &[spot]).from(1.25, 0.0, (0.0, 0.0), 1.0)),
    ]);
    let table = |second: &str| {
        let text = format!("path,subject,day,mm_per_px\nP01/1.jpg,P01,0,0.5\nP01/2.jpg,P01,7,{second}\n");
        lab.put("visits.csv", text.as_bytes());
    };
    table("0.41");
    let told = tracked(&lab, "");
    let second = photo(&told, "P01/2.jpg");
    assert_eq!((second["scale"]["source"].as_str(), second["day"].as_i64()), (Some("stated"), Some(7)));
    // By the scales, the lesion is larger than by the skin.
    let by_scale = (0.41_f64 / 0.4).powi(2) - 1.0;
    assert!((change(&told, "P01/2.jpg", 1) - by_scale).abs() < 0.03, "{}", change(&told, "P01/2.jpg", 1));
    assert!((second["scale"]["disagreement"].as_f64().unwrap() - by_scale).abs() < 0.03);
    assert!(second["lesions"][0]["area_mm2"].as_f64().unwrap() > 1000.0);
    table("0.8");
    assert_eq!(photo(&track(&lab, ""), "P01/2.jpg")["reason"], "scale");
    // A marker of 10 mm: 20 pixels, then 25.
    lab.put("visits.csv", b"path,subject,day,marker_px\nP01/1.jpg,P01,0,20\nP01/2.jpg,P01,7,25\n");
    let told = track(&lab, "--marker-mm 10");
    assert_eq!(photo(&told, "P01/2.jpg")["scale"]["mm_per_px"], 0.4);
    assert_eq!(photo(&told, "P01/2.jpg")["lesions"][0]["state"], "stable");
}

#[test]
fn results_with_codes_and_slips_of_the_pen() {
    let spot = Spot::new(0.0, 0.1, 0.25);
    let lab = clinic(&[
        ("P01/1", "arm", "2024-03-01", Visit::new(9, &[spot])),
        ("P01/2", "arm", "2024-03-08", Visit::new(9, &[spot]).from(1.1, 3.0, (0.0, 0.0), 0.9)),
    ]);
    lab.put_private("study.key", CODE_KEY);
    let names = ["--names", "pseudonym", "--key-file", "study.key", "--quiet"];
    assert_eq!(lab.run(&names).code, 0);
    let refused = lab.say("track out --photos photos --subjects visits.csv");
    assert!(refused.code == 2 && refused.stderr.contains("--key-file"), "{}", refused.stderr);
    let told = track(&lab, "--key-file study.key");
    assert_eq!(told["totals"]["comparable"], 2, "{told}");
    assert!(!told.to_string().contains("P01"));
    for (table, word) in [
        ("path,subject\nP01/1.jpg,P01\n", "no column date or day"),
        ("path,subject,date\nP01/1.jpg,P01,2024-03-01\nP01/2.jpg,P01,8.3.2024\n", "write 2024-05-31"),
        ("path,date\nP01/1.jpg,2024-03-01\n", "no column of people"),
        ("path,subject,date\nP01/1.jpg,P01,2024-03-01\nP01/2.jpg,P02,2024-03-01\n", "two photos"),
        ("path,subject,date\nP01/1.jpg,P01,20240301\nP01/2.jpg,P01,20240308\n", "`20240301` is not a day"),
        ("", "the table is empty"),
    ] {
        lab.put("visits.csv", table.as_bytes());
        let ran = lab.say("track out --photos photos --subjects visits.csv --key-file study.key");
        assert!(ran.code == 2 && ran.stderr.contains(word), "{}", ran.stderr);
    }
    // Days as a spreadsheet counts them are dates; only the days since the first photo are written.
    lab.put("visits.csv", b"path,subject,day\nP01/2.jpg,P01,45359\nP01/1.jpg,P01,45352\n");
    let told = track(&lab, "--key-file study.key");
    let days: Vec<&Value> = told["series"][0]["photos"].as_array().unwrap().iter().map(|photo| &photo["day"]).collect();
    assert_eq!(days, [0, 7]);
    for name in ["track.json", "track.csv", "track.html"] {
        assert!(!String::from_utf8_lossy(&lab.results()[name]).contains("453"), "{name} has a date");
    }
    assert_eq!(lab.say("track out --photos photos --subjects visits.csv --shift-days 40000000").code, 2);
    // A photo that is gone is said, and the exit code says it, too.
    lab.put("visits.csv", b"path,subject,day\nP01/1.jpg,P01,1\nP01/2.jpg,P01,2\n");
    std::fs::remove_file(lab.path("photos/P01/2.jpg")).unwrap();
    let ran = lab.say("track out --photos photos --subjects visits.csv --key-file study.key");
    assert!(ran.code == 3 && ran.stdout.contains("no_photo"), "{}{}", ran.stdout, ran.stderr);
}

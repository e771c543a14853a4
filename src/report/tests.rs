use super::plots::{Axis, Mean, escape, histogram, means, points};
use super::rows::{COLUMNS, Column, Kind, Label, Row};
use super::*;
use serde_json::json;

fn row(path: &str, dice: Option<f64>) -> Row {
    let value = |key: &str| match key {
        "dice" => dice,
        "lesions" => Some(1.0),
        "lesion_px" => Some(100.0),
        _ => None,
    };
    let label = |kind, code: &str| Label { kind, rank: 0, code: code.into() };
    Row {
        path: path.into(),
        status: "done",
        cause: String::new(),
        message: String::new(),
        labels: vec![
            label(Kind::Quality, "blurred"),
            label(Kind::Tone, "tan"),
            label(Kind::Column(0, "site".into()), "arm"),
        ],
        values: COLUMNS.iter().map(|c| value(c.key)).collect(),
        mask: Some((
            crate::domain::record::FileRef { path: "masks/x.png".into(), blake3: String::new() },
            crate::domain::record::Size { width: 1, height: 1 },
        )),
        size: Some((10, 10)),
        orientation: 1,
        dicom: None,
        is_scored: false,
        subject: None,
        id: "0123456789abcdef".into(),
        remark: None,
        said: Vec::new(),
    }
}

fn page_of(rows: &[Row]) -> String {
    let words = Words::of(Language::English);
    let pictures: Vec<_> = rows.iter().map(|_| pictures::Pictures::default()).collect();
    let figures = figures::all(rows, None, &words);
    let content = page::Content {
        words: &words,
        kinds: &[],
        rows,
        pictures: &pictures,
        figures: &figures,
        run: Some(json!({"model": {"name": "</script><b>", "version": "1"}})),
        scores: None,
        comparison: None,
        track: None,
        left_out: None,
    };
    page::html(&content).unwrap()
}

fn column(key: &str) -> &'static Column {
    COLUMNS.iter().find(|column| column.key == key).unwrap()
}

#[test]
fn nothing_from_outside_can_become_markup() {
    let page = page_of(&[row("<img src=x onerror=alert(1)>.jpg", Some(0.5)), row("{{style}}</script>.jpg", None)]);
    assert!(!page.contains("<img src=x") && !page.contains("</script><b>") && !page.contains("{{style}}</script>"));
    // The page's own five script elements and no more.
    assert_eq!(page.matches("</script>").count(), 5);
    assert!(!page.contains("{{title}}") && page.contains("&lt;/script&gt;&lt;b&gt; 1, 2 photos"));
}

#[test]
fn the_page_asks_for_nothing() {
    let page = page_of(&[row("a.jpg", Some(0.5))]);
    for address in ["http://", "https://", "//cdn", "@import", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_script_gets_every_figure_that_exists_and_no_other() {
    let page = page_of(&[row("a.jpg", Some(0.123_456_789)), row("b.jpg", None)]);
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let keys: Vec<_> = data["columns"].as_array().unwrap().iter().map(|c| c[0].as_str().unwrap()).collect();
    assert_eq!(keys, ["dice", "lesions", "lesion_px"]);
    assert_eq!(data["rows"][0][5], json!([0.123_457, 1.0, 100.0]));
    assert_eq!(data["rows"][1][5][0], Value::Null);
    let labels = [json!(["Quality", "blurred", false]), json!(["Skin tone (estimated)", "tan", true])];
    assert_eq!(data["labels"], json!([labels[0], labels[1], ["site", "arm", true]]));
}

/// The text of every tick and caption.
fn texts(svg: &str) -> Vec<&str> {
    svg.split("</text>").filter_map(|part| Some(part.rsplit_once('>')?.1)).filter(|text| !text.is_empty()).collect()
}

#[test]
fn a_histogram_counts_every_value_once_and_its_ticks_are_whole() {
    let words = Words::of(Language::English);
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let draw = |key: &str, values: &[f64], axis: &Axis| histogram(column(key), values, axis, &words);
    let svg = draw("hd95", &values, &Axis::over(0.0, 99.0)).unwrap().file();
    let counts = svg.split("</title></rect>").filter_map(|part| part.rsplit(": ").next()?.parse::<u32>().ok());
    assert_eq!(counts.sum::<u32>(), 100);
    assert!(svg.contains("Border distance (HD95) (px), 100 photos"), "{svg}");
    assert!(draw("hd95", &[1.0], &Axis::over(0.0, 1.0)).is_none());
    assert!(draw("hd95", &[-1e-9, 5e12], &Axis::over(-1e-9, 5e12)).is_some());

    // Two photos: nobody has half a photo, nor half a lesion.
    let svg = draw("lesions", &[1.0, 3.0], &Axis::whole(3.0)).unwrap().inline();
    assert_eq!(texts(&svg), ["0", "1", "0", "1", "2", "3", "Lesions, 2 photos"]);
    let many = draw("lesions", &[0.0, 20.0, 55.0], &Axis::whole(55.0)).unwrap().inline();
    assert!(many.contains("<title>20 or more: 2</title>"), "{many}");
    // A few photos far away do not push all others into one bar.
    let tail: Vec<f64> = (0..100).map(|i| if i < 97 { f64::from(i) / 10.0 } else { 500.0 }).collect();
    let svg = draw("sharpness", &tail, &Axis::with_tail(&tail)).unwrap().inline();
    assert!(texts(&svg).contains(&"10 or more") && svg.contains(" or more: 3</title>"), "{svg}");
    // Natural ends, whatever the values are.
    let dice = draw("dice", &[0.71, 0.72], &Axis::over(0.0, 1.0)).unwrap().inline();
    assert!(texts(&dice).windows(6).any(|w| w == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]), "{dice}");
    assert!(dice.contains("<title>0.70 to 0.75: 2</title>"), "{dice}");
}

#[test]
fn points_and_means_stay_inside_the_plot() {
    let words = Words::of(Language::English);
    let svg = points(&[(900.0, 0.2), (31_000.0, 0.9), (2_000.0, 0.9)], &words).unwrap().inline();
    let xs = svg.split("cx=\"").skip(1).map(|part| part.split('"').next().unwrap().parse::<f64>().unwrap());
    assert!(xs.clone().count() == 3 && xs.clone().all(|x| (46.0..=422.1).contains(&x)), "{svg}");
    assert!(texts(&svg).windows(4).any(|w| w == ["100", "1,000", "10,000", "100,000"]), "{svg}");
    let group = |name: &str, mean| Mean { group: name.into(), n: 9, mean, interval: Some((mean - 0.1, mean + 0.1)) };
    let figure = means("m", "M", &[group("a<b", 0.7), group("c", 0.8)], &words).unwrap();
    assert!(figure.inline().contains("a&lt;b (9)") && figure.description.contains("c 0.800"));
    assert!(means("m", "M", &[], &words).is_none());
}

#[test]
fn many_points_become_a_cloud_that_holds_them_all_in_a_few_elements() {
    // Every pair of remainders ten times, far enough apart, and one of them very often.
    let pair = |i: u32| (10_f64.powf(f64::from(i % 40) / 10.0), f64::from(i % 7) / 7.0);
    let values: Vec<(f64, f64)> = (0..2800).map(pair).chain((0..200).map(|_| pair(0))).collect();
    let svg = points(&values, &Words::of(Language::English)).unwrap().inline();
    let clouds: Vec<&str> = svg.split("<path d=\"").filter(|path| path.contains("fill-opacity")).collect();
    let squares: Vec<usize> = clouds.iter().map(|path| path.matches("v3h-3z").count()).collect();
    assert_eq!(squares, [40 * 7 - 1, 1], "light and dark ones");
    assert!(clouds[1].contains("fill-opacity=\"1\"") && !svg.contains("<circle"));
}

/// Keys that are put together from parts; `*` stands for what is known only when the page is made.
const FAMILIES: [&str; 11] =
    ["group.", "track.", "stress.", "card.", "column.", "kind.", "code.", "case.", "status.", "mark", "layer."];

#[test]
fn every_word_is_there_in_every_language_and_used() {
    let [english, japanese] = [Language::English, Language::Japanese].map(Words::of);
    let files = [
        include_str!("page.rs"),
        include_str!("tables.rs"),
        include_str!("plots/mod.rs"),
        include_str!("plots/axis.rs"),
        include_str!("track.rs"),
        include_str!("page/track.html"),
        include_str!("page/stress.html"),
        include_str!("figures.rs"),
        include_str!("page/page.html"),
        include_str!("page/base.js"),
        include_str!("page/review.js"),
        include_str!("page/gallery.js"),
        include_str!("page/viewer.js"),
    ]
    .concat();
    for (key, text) in english.all() {
        let other = japanese.say(key);
        assert!(!text.is_empty() && !other.is_empty(), "{key}");
        let holes = |text: &str| {
            let mut holes: Vec<String> =
                text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0.to_owned())).collect();
            holes.sort();
            holes
        };
        assert_eq!(holes(text), holes(other), "{key} has the same gaps");
        let name = key.strip_prefix("table.").or_else(|| key.strip_prefix("about.")).unwrap_or(key);
        let is_said = [format!("\"{name}\""), format!("\"{key}\""), format!("'{key}'"), format!("t:{key}}}")];
        let is_family = FAMILIES.iter().any(|family| key.starts_with(family)) || *key == "(missing)";
        assert!(is_family || is_said.iter().any(|said| files.contains(said)), "nobody says {key}");
    }
    // What the page and the script ask for is there; Rust asks through `say`, which the other tests meet.
    let asked = files.split("{{t:").skip(1).filter_map(|part| Some(part.split_once("}}")?.0));
    let scripted = files.split("say('").skip(1).filter_map(|part| Some(part.split_once('\'')?.0));
    for key in asked.chain(scripted.filter(|key| !key.ends_with('.'))) {
        assert!(english.find(key).is_some(), "words.tsv has no line {key}");
    }
    COLUMNS.iter().for_each(|column| _ = english.say(&format!("column.{}", column.key)));
}

#[test]
fn text_is_escaped() {
    assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
}

#[test]
fn bins_of_numbers_are_said_in_the_language_of_the_report() {
    let japanese = Words::of(Language::Japanese);
    let said = |group| rows::group_name("age", group, &japanese);
    assert_eq!(
        [said("under 40"), said("40 to under 65"), said("65 and over")],
        ["40 未満", "40 以上 65 未満", "65 以上"]
    );
    assert_eq!(
        [said("under treatment"), said("left to under right"), said("over and over")],
        ["under treatment", "left to under right", "over and over"]
    );
    assert_eq!(rows::group_name("age", "under 40", &Words::of(Language::English)), "under 40");
}

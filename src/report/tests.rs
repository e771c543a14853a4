use super::plots::{Mean, escape, histogram, means, points};
use super::rows::{COLUMNS, Row};
use super::*;
use serde_json::json;

fn row(path: &str, dice: Option<f64>) -> Row {
    let value = |key: &str| match key {
        "dice" => dice,
        "lesions" => Some(1.0),
        "lesion_px" => Some(100.0),
        _ => None,
    };
    Row {
        path: path.into(),
        status: "done",
        cause: String::new(),
        message: String::new(),
        flags: vec!["blurred".into()],
        tone: Some("tan".into()),
        strata: vec![("site".into(), "arm".into())],
        values: COLUMNS.iter().map(|c| value(c.key)).collect(),
        mask: Some((
            crate::domain::record::FileRef { path: "masks/x.png".into(), blake3: String::new() },
            crate::domain::record::Size { width: 1, height: 1 },
        )),
        size: Some((10, 10)),
    }
}

fn page_of(rows: &[Row]) -> String {
    let pictures: Vec<_> = rows.iter().map(|_| thumbnails::Pictures::default()).collect();
    let figures = figures::all(rows, None);
    let content = page::Content {
        rows,
        pictures: &pictures,
        figures: &figures,
        run: Some(json!({"model": {"name": "</script><b>", "version": "1"}})),
        scores: None,
        comparison: None,
        with_photos: false,
        left_out: None,
    };
    page::html(&content).unwrap()
}

#[test]
fn nothing_from_outside_can_become_markup() {
    let page = page_of(&[row("<img src=x onerror=alert(1)>.jpg", Some(0.5)), row("{{style}}</script>.jpg", None)]);
    assert!(!page.contains("<img src=x") && !page.contains("</script><b>") && !page.contains("{{style}}</script>"));
    // The page's own four script elements and no more.
    assert_eq!(page.matches("</script>").count(), 4);
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
    assert_eq!(keys, ["lesions", "lesion_px", "dice"]);
    assert_eq!(data["rows"][0][5], json!([1.0, 100.0, 0.123_457]));
    assert_eq!(data["rows"][1][5][2], Value::Null);
    assert_eq!(data["labels"], json!(["blurred", "estimated tone: tan", "site: arm"]));
}

#[test]
fn a_histogram_counts_every_value_once() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let svg = histogram("x", "X", "px", &values).unwrap().file();
    let counts = svg.split("</title></rect>").filter_map(|part| part.rsplit(": ").next()?.parse::<u32>().ok());
    assert_eq!(counts.sum::<u32>(), 100);
    assert!(svg.contains("X (px), 100 photos"));
    assert!(histogram("x", "X", "", &[1.0]).is_none());
    assert!(histogram("x", "X", "", &[0.0, 0.0]).is_some() && histogram("x", "X", "", &[-1e-9, 5e12]).is_some());
}

#[test]
fn points_and_means_stay_inside_the_plot() {
    let svg = points("p", "P", ("x", "y"), &[(1.0, 0.2), (3.0, 0.9), (2.0, 0.9)]).unwrap().inline();
    let xs = svg.split("cx=\"").skip(1).map(|part| part.split('"').next().unwrap().parse::<f64>().unwrap());
    assert!(xs.clone().count() == 3 && xs.clone().all(|x| (46.0..=422.1).contains(&x)), "{svg}");
    let group = |name: &str, mean| Mean { group: name.into(), n: 9, mean, interval: Some((mean - 0.1, mean + 0.1)) };
    let figure = means("m", "M", "Dice", &[group("a<b", 0.7), group("c", 0.8)]).unwrap();
    assert!(figure.inline().contains("a&lt;b (9)") && figure.description.contains("c 0.800"));
    assert!(means("m", "M", "Dice", &[]).is_none());
}

#[test]
fn many_points_become_a_cloud_that_holds_them_all_in_a_few_elements() {
    // Every pair of remainders ten times, far enough apart, and one of them very often.
    let pairs = (0..2800).map(|i| (f64::from(i % 40), f64::from(i % 40 + i % 7)));
    let values: Vec<(f64, f64)> = pairs.chain((0..200).map(|_| (0.0, 0.0))).collect();
    let svg = points("p", "P", ("x", "y"), &values).unwrap().inline();
    let clouds: Vec<&str> = svg.split("<path d=\"").filter(|path| path.contains("fill-opacity")).collect();
    let squares: Vec<usize> = clouds.iter().map(|path| path.matches("v3h-3z").count()).collect();
    assert_eq!(squares, [40 * 7 - 1, 1], "light and dark ones");
    assert!(clouds[1].contains("fill-opacity=\"1\"") && !svg.contains("<circle"));
}

#[test]
fn text_is_escaped() {
    assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
}

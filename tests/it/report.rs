//! `derm-seg report`: what is in the page, and that the page works in a browser.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::browser::{self, Browser};
use crate::kit::files::{Jpeg, SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::*;
use crate::support::{Ran, derm_seg_in, skipped};

/// A name that would run as a script if it became markup.
const HOSTILE: &str = "<img src=x onerror=alert(1)>.jpg";

/// Results of `count` photos with ever worse masks, their scores by sex, and the comparison with an earlier run.
fn study(count: u32) -> TempDir {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let names: Vec<&'static str> =
        (0..count).map(|i| if i == 0 { HOSTILE } else { &*format!("arm/p{i:04}.jpg").leak() }).collect();
    // The lesions grow and drift away from where the reference has them.
    let lesion = |i: u32, drift: u32| square(64, 48, [4 + drift, 6, 12 + 20 * i / count, 10 + 20 * i / count]);
    let photos = |drift: u32| {
        let photo = |(i, name): (u32, &&'static str)| Photo::new(name, lesion(i, drift * i / count));
        (0..).zip(&names).map(photo).collect()
    };
    let others = || vec![failed("broken.jpg"), excluded("left_out.jpg")];
    results(&root.join("out"), photos(12), others());
    results(&root.join("base"), photos(10), others());
    let mut table = "path,patient,sex\n".to_owned();
    for (i, name) in (0..).zip(&names) {
        binary(&root.join(format!("truth/{name}.png")), &lesion(i, 0));
        table += &format!("\"{name}\",s{},{}\n", i / 3, if i % 2 == 0 { "f" } else { "m" });
    }
    write_text(&root.join("table.csv"), &table);
    assert_eq!(derm_seg_in(root, &["eval", "out", "--truth", "truth", "--subjects", "table.csv", "-q"]).code, 0);
    assert_eq!(derm_seg_in(root, &["compare", "base", "out", "-q"]).code, 4);
    folder
}

fn report(folder: &TempDir, more: &[&str]) -> Ran {
    derm_seg_in(folder.path(), &[&["report", "out"], more].concat())
}

const WHOLE: [&str; 6] = ["--scores", "out/scores.json", "--compare", "out/compare.json", "--figures", "plots"];

fn page(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("out/report.html")).unwrap()
}

/// What the page's script gets.
fn data(page: &str, id: &str) -> Value {
    let after = page.split(&format!("id=\"{id}\">")).nth(1).unwrap();
    serde_json::from_str(after.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn everything_asked_for_is_in_one_file() {
    let folder = study(12);
    let ran = report(&folder, &WHOLE);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("14 photos, "), "{}", ran.stdout);
    let page = page(&folder);
    for (part, words) in [
        ("problems", vec!["broken.jpg", "damaged", "the file ends early", "left_out.jpg", "opt_out"]),
        (
            "scores",
            vec!["Dice", "Largest border distance", "Gap between groups", "sex", "Lowest Dice", "arm/p0011.jpg"],
        ),
        ("changes", vec!["the same as in the earlier run", "dice</th><td>0.01", "no</td>"]),
        ("provenance", vec!["&quot;settings&quot;", "conventions of the scores"]),
    ] {
        let section = page.split(&format!("<section id=\"{part}\">")).nth(1).unwrap_or_else(|| panic!("no {part}"));
        let section = section.split("</section>").next().unwrap();
        // The names of blocks are headings, not JSON.
        let words = words.into_iter().map(|word| word.trim_start_matches("&quot;").trim_end_matches("&quot;"));
        words.for_each(|word| assert!(section.contains(word), "no {word} in {section}"));
    }
    assert_eq!(data(&page, "outlines").as_array().unwrap().iter().filter(|drawn| drawn.is_array()).count(), 12);
    assert!(photos(&page).is_empty());
    let columns = data(&page, "data")["columns"].to_string();
    assert!(["dice", "hd95", "change_dice"].iter().all(|key| columns.contains(key)), "{columns}");
    assert!(!page.contains(folder.path().to_str().unwrap()), "no path of this machine");
}

#[test]
fn plots_show_dice_by_lesion_size_and_by_group_as_the_scores_have_them() {
    let folder = study(12);
    assert_eq!(report(&folder, &WHOLE).code, 0);
    let plot = |name: &str| fs::read_to_string(folder.path().join(format!("plots/{name}.svg"))).unwrap();
    let scores: Value = serde_json::from_slice(&fs::read(folder.path().join("out/scores.json")).unwrap()).unwrap();
    let points = plot("dice-by-size");
    let positions: Vec<(f64, f64)> = points
        .split("<circle cx=\"")
        .skip(1)
        .map(|rest| {
            let number = |text: &str| text.split('"').next().unwrap().parse().unwrap();
            (number(rest), number(rest.split("cy=\"").nth(1).unwrap()))
        })
        .collect();
    // Lesions grow and Dice falls from photo to photo: to the right and, as y points down, downwards.
    assert_eq!(positions.len(), 12);
    assert!(positions.windows(2).all(|w| w[0].0 < w[1].0), "{positions:?}");
    assert!(positions.first().unwrap().1 < positions.last().unwrap().1, "{positions:?}");

    let groups = plot("dice-by-sex");
    for group in scores["strata"][0]["groups"].as_array().unwrap() {
        let (name, mean) = (group["value"].as_str().unwrap(), group["metrics"]["dice"]["mean"].as_f64().unwrap());
        assert!(groups.contains(&format!("{name}: {mean:.4}")) && groups.contains(&format!("{name} (6)")), "{groups}");
    }
    let names: Vec<_> = fs::read_dir(folder.path().join("plots")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(names.len() >= 6, "{names:?}");
    for file in names {
        let svg = fs::read_to_string(&file).unwrap();
        let opened = svg.matches('<').count() - svg.matches("</").count() - svg.matches("/>").count();
        assert_eq!(opened, svg.matches("</").count(), "{} is well formed", file.display());
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.contains("<title>"));
    }
}

#[test]
fn page_and_terminal_tell_the_same_intervals() {
    let folder = study(12);
    let scores = derm_seg_in(
        folder.path(),
        &["eval", "out", "--truth", "truth", "--subjects", "table.csv", "--min", "sex=f:dice.ci95_low=0"],
    );
    assert_eq!(report(&folder, &WHOLE).code, 0);
    let line = scores.stdout.lines().find(|line| line.trim_start().starts_with("f ")).unwrap();
    let interval = line.split(['[', ']']).nth(1).unwrap().replace(", ", " to ");
    let groups = page(&folder).split("Groups, Dice").nth(1).unwrap().split("</table>").next().unwrap().to_owned();
    assert!(groups.contains(&interval), "{interval} in {groups}");
}

/// The copies of photos that the page holds, as JPEG.
fn photos(page: &str) -> Vec<Vec<u8>> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let text = page.split("<script type=\"text/plain\" id=\"photo-").skip(1);
    text.map(|part| BASE64_STANDARD.decode(part.split(['>', '<']).nth(1).unwrap()).unwrap()).collect()
}

#[test]
fn photos_are_in_it_only_when_asked_for_and_without_their_metadata() {
    let folder = study(3);
    let photo = Scene::any(3).draw(640, 480).photo;
    let jpeg = Jpeg { exif: Some(identifying_exif(1)), comment: true, ..Jpeg::camera() }.write(&photo);
    write_bytes(&folder.path().join("photos/arm/p0001.jpg"), &jpeg);
    assert_eq!(report(&folder, &[]).code, 0);
    assert!(photos(&page(&folder)).is_empty());

    for (more, size) in [(&[][..], (640, 480)), (&["--photo-size", "320"], (320, 240))] {
        let ran = report(&folder, &[&["--with-photos", "photos"], more].concat()).expect_code(0);
        assert!(ran.stderr.contains("could not be read and are not shown: 2 photos"), "{}", ran.stderr);
        assert!(
            ran.stdout.contains("holds copies of 1 photo ") && ran.stdout.contains("keep it where"),
            "{}",
            ran.stdout
        );
        let copies = photos(&page(&folder));
        assert_eq!(copies.len(), 1);
        let shown = image::load_from_memory(&copies[0]).unwrap();
        assert_eq!((shown.width(), shown.height()), size);
        for secret in [SENTINEL.as_bytes(), b"Exif"] {
            assert!(!copies[0].windows(secret.len()).any(|w| w == secret), "metadata came along");
        }
    }
}

/// Right after `eval` nothing has to be named again but the folder of references, which results do not know.
#[test]
fn scores_that_lie_with_the_results_are_found_and_references_drawn() {
    let folder = study(6);
    report(&folder, &[]).expect_code(0);
    let page_of = |folder| page(folder);
    let page = page_of(&folder);
    assert!(page.contains("<section id=\"scores\">") && page.contains("<section id=\"changes\">"));
    let references = |page: &str| -> Vec<String> {
        let drawn = data(page, "outlines");
        drawn.as_array().unwrap().iter().filter_map(|one| Some(one[4].as_str()?.to_owned())).collect()
    };
    assert!(references(&page).iter().all(String::is_empty), "no reference was named");
    report(&folder, &["--truth", "truth"]).expect_code(0);
    let page = page_of(&folder);
    // The first lesion of the study is 12 x 10 pixels at (4, 6), as its mask has it too.
    assert_eq!(references(&page)[0], "M16 6l0 10-12 0 0-10z");
    assert_eq!(data(&page, "outlines")[0][2], "M16 6l0 10-12 0 0-10z");
    assert!(references(&page).iter().all(|path| !path.is_empty()));

    fs::remove_file(folder.path().join("truth/arm/p0001.jpg.png")).unwrap();
    let ran = report(&folder, &["--truth", "truth"]).expect_code(0);
    assert!(ran.stderr.contains("could not be read and are not shown: 1 reference"), "{}", ran.stderr);
    report(&folder, &["--truth", "truth", "base"]).expect_code(2).expect_error(&["1 annotator, and 2 folders are"]);
    report(&folder, &["--truth", "out"]).expect_code(2).expect_error(&["--truth out", "none of the references"]);

    // Scores of another model are not those of these results.
    let scores = fs::read_to_string(folder.path().join("out/scores.json")).unwrap();
    write_text(&folder.path().join("out/scores.json"), &scores.replacen("\"sha256\":\"00\"", "\"sha256\":\"01\"", 1));
    let ran = report(&folder, &[]).expect_code(0);
    assert!(ran.stderr.contains("scores.json is left out: it is of another model"), "{}", ran.stderr);
    assert!(!page_of(&folder).contains("<section id=\"scores\">"));
    report(&folder, &["--truth", "truth"]).expect_code(2).expect_error(&["run `derm-seg eval`"]);
}

#[test]
fn the_page_speaks_japanese_and_knows_whose_photos_are_whose() {
    let folder = study(6);
    report(&folder, &["--lang", "ja", "--subjects", "table.csv", "--figures", "plots"]).expect_code(0);
    let page = page(&folder);
    assert!(page.contains("<html lang=\"ja\">") && page.contains("写真8枚") && page.contains("研究専用"));
    assert!(!page.contains("Search") && !page.contains("Photos without a mask"), "one language at a time");
    let rows = data(&page, "data")["rows"].clone();
    let subjects: Vec<&str> = rows.as_array().unwrap().iter().filter_map(|row| row[8].as_str()).collect();
    assert_eq!(subjects, ["s0", "s0", "s0", "s1", "s1", "s1"]);
    assert!(fs::read_to_string(folder.path().join("plots/dice-by-sex.svg")).unwrap().contains("sexごとの Dice"));
}

/// Marks of the page: what was judged poor or to be redone is left out everywhere, and said.
#[test]
fn a_review_leaves_photos_out_of_scores_exports_and_comparisons() {
    let folder = study(6);
    let root = folder.path();
    let run = |line: &str| derm_seg_in(root, &line.split(' ').collect::<Vec<_>>());
    report(&folder, &[]).expect_code(0);
    let rows = data(&page(&folder), "data")["rows"].clone();
    let id = |i: usize| rows[i][7].as_str().unwrap().to_owned();
    let name = |i: usize| rows[i][0].as_str().unwrap().to_owned();
    let line = |i: usize, rest: &str, id: &str| format!("{},{rest},{id}\r\n", name(i));
    let review = "\u{feff}path,mark,note,mm_per_px,result\r\n".to_owned()
        + &line(1, "poor,\"hair, glare\",", &id(1))
        + &line(2, "redo,,0.05", "")
        + &line(3, "good,,", &id(3))
        + &line(4, "poor,,", "ffffffffffffffff")
        + "gone.jpg,poor,,,\r\n";
    write_text(&root.join("review.csv"), &review);
    let told = "review: 2 photos left out; not counted, because photo or mask has changed since: 1 mark; \
                without a photo in these results: 1 line";

    let ran = run("eval out --truth truth --max unpaired=0 --review review.csv -o s").expect_code(0);
    assert!(ran.stdout.contains(told) && ran.stdout.contains("4 images scored"), "{}", ran.stdout);
    let scores: Value = serde_json::from_slice(&fs::read(root.join("s/scores.json")).unwrap()).unwrap();
    assert_valid(&schema("scores"), &scores);
    assert_eq!(scores["review"], json!({"left_out": 2, "outdated": 1, "lines_without_photos": 1}));
    let scored: Vec<&str> = scores["images"].as_array().unwrap().iter().map(|i| i["image"].as_str().unwrap()).collect();
    assert_eq!(scored, [name(0), name(3), name(4), name(5)]);

    let ran = run("export out -f coco -o c.json --review review.csv --marks redo --json").expect_code(0);
    assert_valid(&schema("export"), &ran.json());
    assert_eq!((&ran.json()["photos"], &ran.json()["review"]["left_out"]), (&json!(1), &json!(7)));
    let coco: Value = serde_json::from_slice(&fs::read(root.join("c.json")).unwrap()).unwrap();
    assert_eq!(coco["images"][0]["file_name"], name(2));

    let ran = run("table out --subjects table.csv --review review.csv").expect_code(0);
    assert!(ran.stdout.contains("4 photos with a mask") && ran.stdout.contains(told), "{}", ran.stdout);

    // A comparison is of two masks: a mark counts for the photo, whichever of them it was.
    let ran = run("compare base out --review review.csv --json -o c");
    assert_valid(&schema("compare"), &ran.json());
    assert_eq!(ran.json()["review"], json!({"left_out": 3, "outdated": 0, "lines_without_photos": 1}));
    assert_eq!((&ran.json()["totals"]["base"], &ran.json()["totals"]["only_new"]), (&json!(5), &json!(0)));

    // The report shows all photos, with their marks.
    let ran = report(&folder, &["--review", "review.csv"]).expect_code(0);
    for told in ["changed since: 1 mark", "results: 1 line"] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    let marks = data(&page(&folder), "review");
    assert_eq!(marks.as_array().unwrap().len(), 8);
    assert_eq!(marks[1], json!({"mark": "poor", "note": "hair, glare", "mm": null}));
    assert_eq!((&marks[2]["mm"], &marks[4]), (&json!(0.05), &Value::Null));

    run("eval out/masks --truth truth --review review.csv").expect_code(2).expect_error(&["a folder of masks"]);
    run("export out -f csv -o x.csv --marks redo").expect_code(2).expect_error(&["--review"]);
}

#[test]
fn what_cannot_be_shown_is_refused_or_told() {
    let folder = study(3);
    for (args, word) in [
        (vec!["--scores", "out/compare.json"], "--scores out/compare.json: its schema is derm-seg/compare/1"),
        (vec!["--compare", "table.csv"], "--compare table.csv"),
        (vec!["--scores", "nowhere.json"], "nowhere.json"),
        (vec!["--with-photos", "table.csv"], "the folder that was segmented"),
        (vec!["--with-photos", "truth/arm"], "None of the photos could be read in truth/arm"),
    ] {
        let ran = report(&folder, &args);
        assert!(ran.code == 2 && ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
    }
    let ran = derm_seg_in(folder.path(), &["report", "truth"]);
    assert!(ran.code == 2 && ran.stderr.contains("records.jsonl"), "{}", ran.stderr);
    assert!(!folder.path().join("out/report.html").exists());
    fs::remove_file(folder.path().join("out/masks/arm/p0001.jpg.png")).unwrap();
    let ran = report(&folder, &["-o", "elsewhere/r.html"]);
    assert!(ran.code == 0 && ran.stderr.contains("could not be read and are not shown: 1 mask"), "{}", ran.stderr);
    assert!(folder.path().join("elsewhere/r.html").is_file());
}

fn write_bytes(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A page in a browser, at the size of a laptop's screen.
#[cfg(unix)]
fn opened(folder: &TempDir) -> Option<Browser> {
    let Some(program) = browser::installed() else {
        skipped("no Chromium or Chrome is installed");
        return None;
    };
    let mut page = Browser::start(&program);
    page.ask(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 1366, "height": 768, "deviceScaleFactor": 1, "mobile": false}),
    );
    page.open(&folder.path().join("out/report.html"));
    Some(page)
}

/// Chooses an option by its text, as a person does.
fn choose(id: &str, text: &str) -> String {
    format!(
        "{{ const s = document.getElementById('{id}'), o = [...s.options].find(o => o.textContent === '{text}'); \
         s.value = o.value; s.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
    )
}

const COUNT: &str = "document.getElementById('count').textContent";
const RESET: &str = "document.querySelector('#controls button[type=reset]').click()";

/// As a person uses it: looks, searches, filters, sorts, groups and moves with the keyboard.
#[cfg(unix)]
#[test]
fn the_page_works_in_a_browser_and_asks_for_nothing() {
    let folder = study(400);
    assert_eq!(report(&folder, &WHOLE).code, 0);
    let Some(mut page) = opened(&folder) else { return };

    // What there is, and only as much of it in the document as is in sight.
    assert_eq!(page.get(COUNT), "402 of 402");
    let cells = page.get("document.querySelectorAll('.cell').length").as_u64().unwrap();
    assert!((8..150).contains(&cells), "{cells} cells for 402 photos");
    let inside =
        "[...document.querySelectorAll('.cell')].every(c => c.offsetLeft + c.offsetWidth <= grid.clientWidth + 1)";
    page.comes_to(inside, true);
    assert_eq!(page.get("document.querySelectorAll('main > section').length"), 6);
    assert_eq!(page.get("document.querySelectorAll('nav a').length"), 6);
    assert!(page.get("document.querySelectorAll('#overview svg[role=img][aria-label]').length").as_u64() >= Some(6));
    let drawn = "[...document.querySelectorAll('.cell')].every(c => c.querySelector('.outline .lesion .line'))";
    assert_eq!(page.get(drawn), true, "every mask is drawn");
    let named = "[...document.querySelectorAll('.cell')].every(c => c.getAttribute('aria-label').includes('.jpg'))";
    assert_eq!(page.get(named), true);

    // The sections are tabs: one of them is seen.
    let seen = "[...document.querySelectorAll('main > section')].filter(s => s.offsetHeight).map(s => s.id).join()";
    assert_eq!(page.get(seen), "photos");
    page.get("document.querySelectorAll('nav a')[1].click()");
    page.comes_to(seen, "overview");
    page.get("location.hash = ''");
    page.comes_to(seen, "photos");

    // There are scores: the worst comes first, and says why it does.
    let dice = |index: &str| format!("rows[shown[{index}]].values[columnAt('dice')]");
    let rising = format!("shown.slice(1, 400).every((_, i) => {} <= {})", dice("i"), dice("i + 1"));
    assert_eq!(page.get(&rising), true);
    assert_eq!(page.get(&dice("400")), Value::Null, "what is not known comes last");
    let told = format!("document.querySelector('.cell .value').textContent === number({}) + ' Dice'", dice("0"));
    assert_eq!(page.get(&told), true);
    page.get("document.getElementById('order').click()");
    assert_eq!(page.get(&dice("0")), 1.0);
    assert_eq!(page.get(&dice("400")), Value::Null, "in either order");

    // Search, from the keyboard.
    page.press("/");
    page.type_text("p0123");
    assert_eq!(page.get(COUNT), "1 of 402");
    assert_eq!(page.get("document.querySelector('.cell .name').textContent"), "p0123.jpg arm");
    page.get(RESET);
    page.comes_to(COUNT, "402 of 402");

    // Filters, alone and together.
    let enter = |id: &str, value: &str| {
        format!(
            "{{ const i = document.getElementById('{id}'); i.value = '{value}'; \
             i.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
        )
    };
    page.get(&choose("show", "failed"));
    assert_eq!(page.get(COUNT), "1 of 402");
    assert!(page.get("document.querySelector('.cell').textContent").as_str().unwrap().contains("failed: damaged"));
    page.get(&choose("show", "f"));
    assert_eq!(page.get(COUNT), "200 of 402");
    page.get(&choose("figure", "Dice"));
    page.get(&enter("min", "0.7"));
    let in_range = page.get("shown.length").as_u64().unwrap();
    assert!((1..200).contains(&in_range), "{in_range}");
    let all = format!("shown.every((_, i) => {} >= 0.7)", dice("i"));
    assert_eq!(page.get(&all), true);
    page.get(RESET);
    page.comes_to(COUNT, "402 of 402");

    // Groups have headings with whole names; arrow keys pass over them.
    page.get(&choose("sort", "name"));
    page.get(&choose("group", "folder"));
    let headings = "[...document.querySelectorAll('.heading')].map(h => h.firstChild.textContent).join('|')";
    assert_eq!(page.get(headings), "(no folder)|arm");
    page.get(&choose("group", "sex"));
    assert_eq!(page.get("groups.map(([name]) => name).join()"), "f,m,(not known)");

    // The keyboard alone: move, page, open, turn, close.
    page.get(&choose("group", "folder"));
    page.get("document.querySelector('.cell').focus()");
    let at = "+document.activeElement.dataset.position";
    let across = page.get("across").as_u64().unwrap();
    // Three photos have no folder; below them the others begin.
    for (key, position) in
        [("ArrowRight", 1), ("ArrowDown", 4), ("ArrowDown", 4 + across), ("ArrowUp", 4), ("ArrowUp", 1), ("End", 401)]
    {
        page.press(key);
        assert_eq!(page.get(at), position, "{key}");
    }
    page.press("Home");
    page.press("PageDown");
    assert!(page.get(at).as_u64().unwrap() > across, "a page is more than a row");
    let seen = "(e => { const c = e.getBoundingClientRect(), g = document.getElementById('grid').getBoundingClientRect(); \
                return c.top >= g.top - 1 && c.bottom <= g.bottom + 1; })(document.activeElement)";
    assert_eq!(page.get(seen), true, "what has the focus is in sight");
    page.press("Home");
    page.press("Enter");
    let name = "document.getElementById('viewer').open && document.getElementById('viewer-name').textContent";
    assert_eq!(page.get(name), HOSTILE);
    page.press("End");
    page.press("ArrowLeft");
    assert_eq!(page.get(name), "arm/p0398.jpg");
    assert!(page.get("document.querySelectorAll('#facts tr').length").as_u64().unwrap() > 10);
    page.press("Escape");
    page.comes_to(name, false);
    // The focus goes to the photo that was looked at last.
    page.comes_to(at, 400);

    // Scrolling to the end brings the last photo, and the document stays small.
    page.get("grid.scrollTop = grid.scrollHeight");
    page.comes_to("alive.has(401)", true);
    assert!(page.get("document.querySelectorAll('.cell').length").as_u64().unwrap() < 150);

    // Dark, and on paper.
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.get(ground);
    page.ask("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}));
    assert_ne!(page.get(ground), light);
    page.ask("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let visible =
        "[...document.querySelectorAll('.outline .lesion .line')].every(l => getComputedStyle(l).display === 'inline')";
    assert_eq!(page.get(visible), true, "outlines are on paper, too");
    let paper = page.ask("Page.printToPDF", json!({}));
    assert!(paper["data"].as_str().unwrap().len() > 20_000);

    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
    let asked: Vec<String> = page.requested().into_iter().map(str::to_owned).collect();
    assert!(asked.len() == 1 && asked[0].ends_with("/out/report.html"), "{asked:?}");
    // A watch that sees nothing proves nothing: this request is seen, and forbidden by the page's own policy.
    let refused = page.get("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')");
    assert_eq!(refused, "refused");
    assert!(
        page.complaints().iter().any(|c| c.to_string().contains("Content Security Policy")),
        "{:?}",
        page.complaints()
    );
}

/// Judging masks with keys and mouse, and what is left of it: in the browser, and in review.csv.
#[cfg(unix)]
#[test]
fn masks_are_judged_in_a_browser_and_the_marks_are_kept_and_saved() {
    let folder = study(6);
    let photo = Scene::any(3).draw(640, 480).photo;
    write_bytes(&folder.path().join("photos/arm/p0002.jpg"), &Jpeg::camera().write(&photo));
    report(&folder, &["--with-photos", "photos", "--truth", "truth", "--subjects", "table.csv"]).expect_code(0);
    let Some(mut page) = opened(&folder) else { return };
    page.get(&choose("sort", "name"));
    page.get("document.querySelectorAll('.cell')[1].focus()");
    let badges = "[...document.querySelectorAll('.badge')].map(b => b.textContent).join()";
    page.press("1");
    page.press("2");
    assert_eq!(page.get(badges).as_str().unwrap().split(',').nth(1), Some("✕"), "the last mark counts");

    // The photo beside the marked one; the same place of both at any zoom, and lines of the same width.
    page.press("Enter");
    let marked = "document.querySelector('#viewer-name').textContent + document.querySelector('#marks [aria-checked=true]').dataset.mark";
    let opened_at = page.get(marked);
    assert!(opened_at.as_str().unwrap().ends_with("jpgpoor"), "{opened_at}");
    page.get("open(shown.findIndex(i => photoOf(i)))");
    let boxes = "panes.map(p => p.firstChild.getBoundingClientRect()).map(b => [b.width, b.height].map(Math.round).join('x')).join()";
    let whole = page.get(boxes);
    let (left, right) = whole.as_str().unwrap().split_once(',').unwrap();
    assert!(left == right && left != "0x0", "{whole}");
    let lines = "[...document.querySelectorAll('#marked .outline g')].map(g => g.getAttribute('class')).join()";
    assert_eq!(page.get(lines), "skin,lesion,truth");
    let shown = "['lesion', 'truth', 'skin'].filter(l => document.querySelector('#marked .' + l).getClientRects().length || \
                 getComputedStyle(document.querySelector('#marked .' + l)).display !== 'none').join()";
    assert_eq!(page.get(shown), "lesion,truth");
    page.press("s");
    page.press("t");
    assert_eq!(page.get(shown), "lesion,skin");
    assert_eq!(page.get("getComputedStyle(document.querySelector('#marked .lesion .fill')).fillOpacity"), "0");
    page.press("f");
    assert_ne!(page.get("getComputedStyle(document.querySelector('#marked .lesion .fill')).fillOpacity"), "0");
    page.get("panes[1].dispatchEvent(new WheelEvent('wheel', { deltaY: -500, clientX: 700, clientY: 400, bubbles: true, cancelable: true }))");
    let zoom = page.get("zoom").as_f64().unwrap();
    assert!(zoom > 2.0 && page.get(boxes) != whole, "{zoom}");
    page.press("x");
    assert_eq!(page.get(boxes), whole);
    page.press("b");
    assert_eq!(page.get("panes.filter(p => p.clientWidth).length"), 1);
    // Keys work on after a button was used, which does not keep the space bar to itself.
    page.get("document.getElementById('fit').focus(); document.getElementById('fit').click()");
    page.press("b");
    assert_eq!(page.get("panes.filter(p => p.clientWidth).length"), 2);

    // Two clicks on a ruler: 160 pixels of the photo as it is shown are 20 mm.
    page.press("r");
    let box_of = "(b => [b.left, b.top, b.width / 64])(panes[1].firstChild.getBoundingClientRect())";
    let place = page.get(box_of);
    let at = |i: usize| place[i].as_f64().unwrap();
    for x in [10.0, 26.0] {
        for kind in ["mousePressed", "mouseReleased"] {
            let (x, y) = (at(0) + x * at(2), at(1) + 20.0 * at(2));
            page.ask(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}),
            );
        }
    }
    page.comes_to("document.activeElement.id", "mm");
    page.type_text("20");
    page.press("Enter");
    page.comes_to("reviews[index].mm.toFixed(2)", "1.25");
    assert_eq!(page.get("!document.querySelector('#marked .scale').hidden"), true, "a bar shows the scale");

    // A note; keys of the viewer are letters while it is written.
    page.press("n");
    page.type_text("=hair, \"glare\" rb");
    page.press("Enter");
    page.press("3");
    assert_eq!(page.get("reviews[index].mark + reviews[index].note"), "redo=hair, \"glare\" rb");
    page.press("Escape");

    // It is all there when the page is opened again, also in a report that was made again.
    report(&folder, &["--with-photos", "photos", "--subjects", "table.csv"]).expect_code(0);
    page.open_again(&folder.path().join("out/report.html"));
    assert_eq!(page.get("reviews.filter(r => r.mark).length"), 2);
    assert!(page.get("document.getElementById('reviewed').textContent").as_str().unwrap().starts_with("2 of 8 marked"));

    // Saved, and read by the program.
    let saved = folder.path().join("review.csv");
    page.ask("Page.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": folder.path()}));
    page.get("document.getElementById('save').click()");
    for _ in 0..200 {
        if saved.is_file() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let text = fs::read_to_string(&saved).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines.len() == 3 && lines[0] == "path,mark,note,mm_per_px,result", "{text}");
    assert!(
        text.contains("arm/p0001.jpg,poor,,,")
            && text.contains("arm/p0002.jpg,redo,\"'=hair, \"\"glare\"\" rb\",1.25,"),
        "{text}"
    );
    let ran = derm_seg_in(folder.path(), &["export", "out", "-f", "csv", "-o", "x.csv", "--review", "review.csv"]);
    assert!(ran.stdout.contains("review: 2 photos left out\n"), "{}{}", ran.stdout, ran.stderr);

    // Forgotten, and taken from the file again.
    page.get("window.confirm = () => true; document.getElementById('forget').click()");
    assert_eq!(page.get("reviews.every(isEmpty) && localStorage.length"), 1, "only how somebody likes to look stays");
    let before = text.trim_start_matches('\u{feff}').to_owned();
    assert_eq!(page.get(&format!("takeReview({})", json!(text))), 2);
    assert_eq!(page.get("csv()"), before);
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());
}

//! `derm-seg report`: what is in the page, and that the page works in a browser.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::browser::{self, Browser};
use crate::kit::files::{Jpeg, SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::results_folder::*;
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
        ("scores", vec!["dice", "Gap between groups", "sex", "Lowest Dice", "arm/p0011.jpg"]),
        ("changes", vec!["the same as in the earlier run", "dice</th><td>0.01", "no</td>"]),
        ("provenance", vec!["&quot;settings&quot;", "conventions of the scores"]),
    ] {
        let section = page.split(&format!("<section id=\"{part}\">")).nth(1).unwrap_or_else(|| panic!("no {part}"));
        let section = section.split("</section>").next().unwrap();
        // The names of blocks are headings, not JSON.
        let words = words.into_iter().map(|word| word.trim_start_matches("&quot;").trim_end_matches("&quot;"));
        words.for_each(|word| assert!(section.contains(word), "no {word} in {section}"));
    }
    assert_eq!(data(&page, "masks").as_array().unwrap().iter().filter(|mask| mask.is_string()).count(), 12);
    assert_eq!(data(&page, "photos"), json!([]));
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

#[test]
fn photos_are_in_it_only_when_asked_for_and_without_their_metadata() {
    let folder = study(3);
    let photo = Scene::any(3).draw(640, 480).photo;
    let jpeg = Jpeg { exif: Some(identifying_exif(1)), comment: true, ..Jpeg::camera() }.write(&photo);
    write_bytes(&folder.path().join("photos/arm/p0001.jpg"), &jpeg);
    assert_eq!(report(&folder, &[]).code, 0);
    assert!(!page(&folder).contains("mask on photo") && data(&page(&folder), "photos") == json!([]));

    let ran = report(&folder, &["--with-photos", "photos"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("2 photos could not be read"), "{}", ran.stderr);
    assert!(ran.stdout.contains("holds small copies of 1 photos: keep it where they are kept"), "{}", ran.stdout);
    let photos = data(&page(&folder), "photos");
    let copies: Vec<&str> = photos.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(copies.len(), 1);
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let copy = BASE64_STANDARD.decode(copies[0]).unwrap();
    let size = image::load_from_memory(&copy).unwrap();
    assert_eq!((size.width(), size.height()), (192, 144));
    for secret in [SENTINEL.as_bytes(), b"Exif"] {
        assert!(!copy.windows(secret.len()).any(|w| w == secret), "metadata came along");
    }
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
    assert!(ran.code == 0 && ran.stderr.contains("1 masks could not be read"), "{}", ran.stderr);
    assert!(folder.path().join("elsewhere/r.html").is_file());
}

fn write_bytes(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// As a person uses it: looks, searches, filters, sorts and moves with the keyboard.
#[cfg(unix)]
#[test]
fn the_page_works_in_a_browser_and_asks_for_nothing() {
    let Some(program) = browser::installed() else {
        return skipped("no Chromium or Chrome is installed");
    };
    let folder = study(400);
    assert_eq!(report(&folder, &WHOLE).code, 0);
    let file = folder.path().join("out/report.html");
    let mut page = Browser::start(&program);
    page.open(&file);

    // What there is, and only as much of it in the document as is in sight.
    let count = "document.getElementById('count').textContent";
    assert_eq!(page.get(count), "402 of 402 photos");
    let cells = page.get("document.querySelectorAll('.cell').length").as_u64().unwrap();
    assert!((8..150).contains(&cells), "{cells} cells for 402 photos");
    let inside =
        "[...document.querySelectorAll('.cell')].every(c => c.offsetLeft + c.offsetWidth <= grid.clientWidth + 1)";
    page.comes_to(inside, true);
    assert_eq!(page.get("document.querySelectorAll('main > section').length"), 7);
    assert_eq!(page.get("document.querySelectorAll('nav a').length"), 7);
    assert!(
        page.get("document.querySelectorAll('#distributions svg[role=img][aria-label]').length").as_u64() >= Some(6)
    );
    let drawn =
        "Promise.all([...document.querySelectorAll('.cell img')].map(i => i.decode().then(() => i.naturalWidth)))";
    let widths = page.get(drawn);
    assert!(widths.as_array().unwrap().iter().all(|w| *w == 64), "every mask is a picture: {widths}");
    let named = "[...document.querySelectorAll('.cell')].every(c => c.getAttribute('aria-label').includes('.jpg'))";
    assert_eq!(page.get(named), true);

    // Search, from the keyboard.
    page.press("/");
    page.type_text("p0123");
    assert_eq!(page.get(count), "1 of 402 photos");
    assert_eq!(page.get("document.querySelector('.cell .name').textContent.includes('arm/p0123.jpg')"), true);
    let reset = "document.querySelector('#controls button[type=reset]').click()";
    page.get(reset);
    page.comes_to(count, "402 of 402 photos");

    // Filters, alone and together.
    let choose = |id: &str, text: &str| {
        format!(
            "{{ const s = document.getElementById('{id}'), o = [...s.options].find(o => o.textContent === '{text}'); \
             s.value = o.value; s.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
        )
    };
    let enter = |id: &str, value: &str| {
        format!(
            "{{ const i = document.getElementById('{id}'); i.value = '{value}'; \
             i.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
        )
    };
    page.get(&choose("status", "failed"));
    assert_eq!(page.get(count), "1 of 402 photos");
    assert!(page.get("document.querySelector('.cell').textContent").as_str().unwrap().contains("failed: damaged"));
    page.get(&choose("status", "any"));
    page.get(&choose("label", "sex: f"));
    assert_eq!(page.get(count), "200 of 402 photos");
    page.get(&choose("figure", "Dice"));
    page.get(&enter("min", "0.7"));
    let dice = |index: &str| format!("rows[shown[{index}]][VALUES][columns.findIndex(c => c[0] === 'dice')]");
    let in_range = page.get("shown.length").as_u64().unwrap();
    assert!((1..200).contains(&in_range), "{in_range}");
    let all = format!("shown.every((_, i) => {} >= 0.7)", dice("i"));
    assert_eq!(page.get(&all), true);
    page.get(reset);
    page.comes_to(count, "402 of 402 photos");

    // Sorting, in both directions; what is not known comes last.
    page.get(&choose("sort", "Dice"));
    let rising = format!("shown.slice(1, 400).every((_, i) => {} <= {})", dice("i"), dice("i + 1"));
    assert_eq!(page.get(&rising), true);
    assert_eq!(page.get(&dice("400")), Value::Null);
    let lowest =
        page.get(&format!("document.querySelector('.cell .value').textContent.startsWith(number({}))", dice("0")));
    assert_eq!(lowest, true, "the cell says the figure that it is sorted by");
    page.get(&choose("order", "descending"));
    assert_eq!(page.get(&dice("0")), 1.0);
    assert_eq!(page.get(&dice("400")), Value::Null);
    page.get(reset);

    // The keyboard alone: move, page, open, turn, close.
    page.comes_to("document.getElementById('sort').value", "path");
    page.get("document.querySelector('.cell').focus()");
    let at = "+document.activeElement.dataset.position";
    let across = page.get("across").as_u64().unwrap();
    for (key, position) in
        [("ArrowRight", 1), ("ArrowDown", 1 + across), ("ArrowLeft", across), ("End", 401), ("Home", 0)]
    {
        page.press(key);
        assert_eq!(page.get(at), position, "{key}");
    }
    page.press("PageDown");
    assert!(page.get(at).as_u64().unwrap() >= 2 * across, "a page is more than a row");
    let seen = "(e => { const c = e.getBoundingClientRect(), g = document.getElementById('grid').getBoundingClientRect(); \
                return c.top >= g.top - 1 && c.bottom <= g.bottom + 1; })(document.activeElement)";
    assert_eq!(page.get(seen), true, "what has the focus is in sight");
    page.press("Home");
    page.press("Enter");
    let name = "document.getElementById('detail').open && document.getElementById('detail-name').textContent";
    assert_eq!(page.get(name), HOSTILE);
    page.press("ArrowRight");
    assert_eq!(page.get(name), "arm/p0001.jpg");
    assert!(page.get("document.querySelectorAll('#detail-text tr').length").as_u64().unwrap() > 10);
    page.press("Escape");
    assert_eq!(page.get(name), false);
    // The focus goes to the photo that was looked at last.
    page.comes_to(at, 1);

    // Scrolling to the end brings the last photo, and the document stays small.
    page.get("grid.scrollTop = grid.scrollHeight");
    page.comes_to("alive.has(401)", true);
    assert!(page.get("document.querySelectorAll('.cell').length").as_u64().unwrap() < 150);

    // Dark, and on paper.
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.get(ground);
    page.ask("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}));
    assert_ne!(page.get(ground), light);
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

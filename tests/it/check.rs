//! `derm-seg check`.

use std::fs;

use serde_json::json;

use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::Lab;

fn study() -> Lab {
    let lab = Lab::new();
    let photo = |seed| Scene::any(seed).draw(320, 300).photo;
    let jpeg = |seed, quality| Jpeg { quality, ..Jpeg::camera() }.write(&photo(seed));
    lab.put("photos/a/1.jpg", &jpeg(1, 95));
    lab.put("photos/b/same.jpg", &jpeg(1, 95));
    lab.put("photos/b/alike.jpg", &jpeg(1, 60));
    lab.put("photos/b/alike.png", &Png::rgb8(&photo(1)).bytes());
    lab.put("photos/a/2.jpg", &jpeg(2, 90));
    lab.put("photos/c/cut.jpg", &jpeg(3, 90)[..4000]);
    lab.put("photos/患者ID0012345.jpg", &jpeg(4, 90));
    lab.put("photos/small.jpg", &Jpeg::camera().write(&Scene::any(5).draw(60, 50).photo));
    lab
}

#[test]
fn everything_is_counted_and_nothing_is_written() {
    let study = study();
    let before = fs::read_dir(study.path("")).unwrap().count();
    let check = study.say("check photos --json").expect_code(3).json();
    let survey = &check["survey"];
    assert_eq!(survey["photos"], 8);
    assert_eq!(survey["formats"], json!({"jpeg": 7, "png": 1}));
    assert_eq!(survey["unreadable"], json!({"truncated": 1}));
    assert_eq!(survey["identifying"], json!({"patient_number (file_name)": 1}));
    assert_eq!(survey["identical_files"], json!([["a/1.jpg", "b/same.jpg"]]));
    assert_eq!(survey["pictures_alike"], json!([["a/1.jpg", "b/alike.jpg", "b/alike.png"]]));
    assert_eq!(survey["quality"]["tiny_photo"], 1);
    assert!(survey["estimate"]["output_bytes"].as_u64().unwrap() > 7 * 10_000);
    assert_eq!(check["photos"].as_array().unwrap().len(), 8);
    assert_eq!(fs::read_dir(study.path("")).unwrap().count(), before);
}

#[test]
fn gates_decide_the_exit_code_for_scripts() {
    let study = study();
    let code = |args: &[&str]| study.ran(&[&["check", "-q"], args].concat()).code;
    assert_eq!(code(&["photos/a", "--gate", "duplicates"]), 0);
    assert_eq!(code(&["photos/a", "photos/b", "--gate", "duplicates"]), 4);
    assert_eq!(code(&["photos", "--exclude", "c/*", "--gate", "identifying"]), 4);
    assert_eq!(code(&["photos", "--exclude", "c/*"]), 0);
    assert_eq!(code(&["photos/small.jpg", "--gate", "quality"]), 4);
    study.put("list", "患者ID0012345.jpg\nc\n".as_bytes());
    assert_eq!(code(&["photos", "--opt-out", "list", "--gate", "identifying"]), 0, "opted out, not opened");
}

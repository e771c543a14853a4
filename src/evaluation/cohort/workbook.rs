//! The paper's tables as a workbook for spreadsheets: a sheet for every clinical column.

use std::collections::HashSet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::paper::Paper;

/// Excel takes no longer name of a sheet, and none of these letters in it.
const LONGEST_NAME: usize = 31;
const NOT_IN_NAMES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// All cells are text: nothing in them is run as a formula.
pub fn workbook(papers: &[Paper], note: &str) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // Without a date, the same results give the same bytes.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
    let bold = Format::new().set_bold();
    let mut names = HashSet::new();
    for paper in papers {
        let sheet = book.add_worksheet();
        sheet.set_name(free_name(paper.column.as_deref().unwrap_or("all photos"), &mut names))?;
        for (column, text) in (0..).zip(&paper.header) {
            sheet.write_string_with_format(0, column, text, &bold)?;
        }
        let mut row = 1;
        for cells in &paper.rows {
            for (column, text) in (0..).zip(cells) {
                sheet.write_string(row, column, text)?;
            }
            row += 1;
        }
        sheet.write_string(row + 1, 0, note)?;
        sheet.set_freeze_panes(1, 1)?;
        sheet.set_column_width(0, 48)?;
        for (column, _) in (1..).zip(paper.header.iter().skip(1)) {
            sheet.set_column_width(column, 26)?;
        }
    }
    book.save_to_buffer()
}

/// Excel does not tell upper and lower case apart in names, and does not like an apostrophe at their ends.
fn free_name(column: &str, taken: &mut HashSet<String>) -> String {
    let clean: String =
        column.chars().map(|c| if NOT_IN_NAMES.contains(&c) || c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim_matches(['\'', ' ']);
    let stem = if clean.is_empty() || clean.eq_ignore_ascii_case("history") { "column" } else { clean };
    let numbered = (1..).map(|i| if i == 1 { String::new() } else { format!(" {i}") });
    let mut names = numbered.map(|number| shortened(stem, LONGEST_NAME - number.len()) + &number);
    names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
}

/// Excel counts in units of UTF-16.
fn shortened(text: &str, most: usize) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= most
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_names_that_excel_takes() {
        let mut taken = HashSet::new();
        let mut name = |column: &str| free_name(column, &mut taken);
        assert_eq!(name("diagnosis"), "diagnosis");
        assert_eq!(name("Diagnosis"), "Diagnosis 2");
        assert_eq!(name("sex/gender [f:m]?"), "sex gender  f m");
        assert_eq!(name("'"), "column");
        let long = name(&"皮膚".repeat(20));
        assert_eq!((long.chars().count(), name(&"皮膚".repeat(20)).chars().count()), (31, 31));
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let paper = || Paper {
            column: Some("sex".into()),
            header: vec!["mean".into(), "f (n = 2)".into()],
            rows: vec![vec!["=1+1".into(), "0.83 (0.79 to 0.87)".into()]],
        };
        let made = || workbook(&[paper()], "Research use only.").unwrap();
        assert_eq!(made(), made());
        assert!(made().starts_with(b"PK"));
    }
}

//! Dates such as 2024-05-31 as numbers of days.

/// Days since 1970-01-01; nothing where it is no date of the form year-month-day.
pub fn day_of(text: &str) -> Option<i64> {
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let (year, month, day) = (year.parse::<i64>().ok()?, month.parse::<i64>().ok()?, day.parse::<i64>().ok()?);
    let found = days_before(year, month) + day - 1;
    ((1..=12).contains(&month) && date_of(found) == format!("{year:04}-{month:02}-{day:02}")).then_some(found)
}

/// The other way.
pub fn date_of(days: i64) -> String {
    let (mut year, mut month) = (1970 + days.div_euclid(366), 1);
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    while month < 12 && days_before(year, month + 1) <= days {
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days - days_before(year, month) + 1)
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    const MONTHS: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_years =
        |before: i64| (before - 1).div_euclid(4) - (before - 1).div_euclid(100) + (before - 1).div_euclid(400);
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let months = usize::try_from(month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or(0);
    365 * (year - 1970) + leap_years(year) - leap_years(1970) + months + i64::from(is_leap && month > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("1970-12-31", 364),
            ("2000-02-29", 11_016),
            ("2000/3/1", 11_017),
            ("2024-12-31T10:20", 20_088),
            ("1969-12-31", -1),
        ] {
            assert_eq!(day_of(text), Some(day), "{text}");
        }
        for day in (-800..40_000).step_by(7) {
            assert_eq!(day_of(&date_of(day)), Some(day));
        }
        for wrong in
            ["", "12", "31.12.2024", "2024-13-01", "2023-02-29", "2024-04-31", "2024-00-10", "24-01-01", "2024-1-1-1"]
        {
            assert_eq!(day_of(wrong), None, "{wrong}");
        }
    }
}

//! Limits that a figure must hold: `[SCOPE:]METRIC.STATISTIC=LIMIT`, such as `dice.mean=0.85` or `sex=*:dice.mean=0.8`.

use serde::Serialize;

use super::summary::MetricSummary;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Min,
    Max,
}

/// Which images a gate looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    All,
    /// One group of a column, or every group (`*`).
    Group {
        column: String,
        value: String,
    },
    /// The gap between the groups of a column.
    Gap {
        column: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    pub side: Side,
    pub scope: Scope,
    pub metric: String,
    /// A statistic of the metric; empty for the totals, which are numbers themselves.
    pub statistic: String,
    pub limit: f64,
}

/// A mean of equal values may miss them by the last bit: that fails no gate.
const ROUNDING: f64 = 1e-9;

/// Totals that a gate can name without a statistic.
pub const TOTALS: [&str; 3] = ["scored", "failed", "unpaired"];
pub const STATISTICS: [&str; 11] =
    ["mean", "median", "sd", "min", "max", "q1", "q3", "n", "missing", "ci95_low", "ci95_high"];

impl Gate {
    pub fn parse(side: Side, text: &str) -> Result<Self, String> {
        let (left, limit) = text.rsplit_once('=').ok_or("write FIGURE.STATISTIC=LIMIT, such as dice.mean=0.85")?;
        let limit: f64 = limit.trim().parse().map_err(|_| format!("`{limit}` is not a number"))?;
        if !limit.is_finite() {
            return Err(format!("`{limit}` cannot be a limit"));
        }
        let (scope, figure) = match left.rsplit_once(':') {
            None => (Scope::All, left),
            Some((scope, figure)) => match scope.split_once('=') {
                Some((column, value)) => (Scope::Group { column: column.into(), value: value.into() }, figure),
                None => (Scope::Gap { column: scope.into() }, figure),
            },
        };
        let figure = figure.trim();
        if scope == Scope::All && TOTALS.contains(&figure) {
            return Ok(Gate { side, scope, metric: figure.into(), statistic: String::new(), limit });
        }
        let (metric, statistic) = figure
            .rsplit_once('.')
            .ok_or_else(|| format!("write which statistic: `{figure}.mean`, `{figure}.median`, ..."))?;
        let gap = matches!(scope, Scope::Gap { .. });
        match (gap, statistic == "gap") {
            (true, false) => {
                Err("a column alone only has a gap: write `COLUMN:METRIC.gap`, or `COLUMN=*:METRIC.mean`".into())
            }
            (false, true) => Err("a gap is between the groups of a column: write `COLUMN:METRIC.gap`".into()),
            (false, false) if !STATISTICS.contains(&statistic) => {
                Err(format!("there is no statistic `{statistic}`; there are {}", STATISTICS.join(", ")))
            }
            _ => Ok(Gate { side, scope, metric: metric.into(), statistic: statistic.into(), limit }),
        }
    }

    /// Holds the limit against a value; what cannot be known does not hold.
    pub fn check(&self, scope: String, value: Option<f64>) -> GateResult {
        let short_by = value.map(|v| match self.side {
            Side::Min => self.limit - v,
            Side::Max => v - self.limit,
        });
        let short_by = short_by.map(|by| if by <= ROUNDING { 0.0 } else { by });
        let figure =
            if self.statistic.is_empty() { self.metric.clone() } else { format!("{}.{}", self.metric, self.statistic) };
        GateResult {
            scope,
            figure,
            side: self.side,
            limit: self.limit,
            value,
            held: short_by.is_some_and(|by| by <= 0.0),
            short_by: short_by.filter(|by| *by > 0.0),
        }
    }
}

/// A statistic of a summary by its name in a gate.
pub fn statistic(summary: &MetricSummary, name: &str) -> Option<f64> {
    let interval = summary.interval();
    match name {
        "mean" => summary.mean,
        "median" => summary.median,
        "sd" => summary.sd,
        "min" => summary.min,
        "max" => summary.max,
        "q1" => summary.q1,
        "q3" => summary.q3,
        "n" => Some(summary.n as f64),
        "missing" => Some(summary.missing as f64),
        "ci95_low" => interval.map(|i| i[0]),
        "ci95_high" => interval.map(|i| i[1]),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateResult {
    /// `all`, `COLUMN=VALUE` or `COLUMN`.
    pub scope: String,
    pub figure: String,
    pub side: Side,
    pub limit: f64,
    pub value: Option<f64>,
    pub held: bool,
    pub short_by: Option<f64>,
}

impl GateResult {
    pub fn sentence(&self) -> String {
        let scope = if self.scope == "all" { String::new() } else { format!("{}: ", self.scope) };
        let sign = if self.side == Side::Min { ">=" } else { "<=" };
        let wanted = format!("{scope}{} {sign} {}", self.figure, self.limit);
        match (self.value, self.short_by) {
            (None, _) => format!("failed  {wanted}: there is no value to compare"),
            (Some(value), Some(by)) => format!("failed  {wanted}: {value:.6}, off by {by:.6}"),
            (Some(value), None) => format!("held    {wanted}: {value:.6}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn min(text: &str) -> Result<Gate, String> {
        Gate::parse(Side::Min, text)
    }

    #[test]
    fn every_form_is_understood() {
        let gate = min("dice.mean=0.85").unwrap();
        assert_eq!((gate.scope, gate.metric.as_str(), gate.limit), (Scope::All, "dice", 0.85));
        let gate = min("nsd@2.5.median=0.9").unwrap();
        assert_eq!((gate.metric.as_str(), gate.statistic.as_str()), ("nsd@2.5", "median"));
        let gate = min("skin.dice.mean=0.9").unwrap();
        assert_eq!((gate.metric.as_str(), gate.statistic.as_str()), ("skin.dice", "mean"));
        let gate = min("site=lower leg: left:dice.mean=0.8").unwrap();
        assert_eq!(gate.scope, Scope::Group { column: "site".into(), value: "lower leg: left".into() });
        let gate = Gate::parse(Side::Max, "sex:dice.gap=0.1").unwrap();
        assert_eq!(gate.scope, Scope::Gap { column: "sex".into() });
        assert_eq!(Gate::parse(Side::Max, "unpaired=0").unwrap().statistic, "");
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, word) in [
            ("dice.mean", "FIGURE.STATISTIC=LIMIT"),
            ("dice.mean=high", "not a number"),
            ("dice.mean=NaN", "cannot be a limit"),
            ("dice=0.8", "dice.mean"),
            ("dice.average=0.8", "ci95_low"),
            ("dice.gap=0.8", "COLUMN:METRIC.gap"),
            ("sex:dice.mean=0.8", "COLUMN=*"),
        ] {
            let error = min(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn a_limit_holds_at_its_own_value_and_says_by_how_much_it_fails() {
        let gate = min("dice.mean=0.85").unwrap();
        assert!(gate.check("all".into(), Some(0.85)).held);
        assert!(gate.check("all".into(), Some((0.85 * 7.0) / 7.0 - f64::EPSILON)).held);
        let failed = gate.check("all".into(), Some(0.8));
        assert!(!failed.held && (failed.short_by.unwrap() - 0.05).abs() < 1e-12);
        assert!(failed.sentence().contains("dice.mean >= 0.85: 0.800000, off by 0.050000"), "{}", failed.sentence());
        let unknown = gate.check("sex=male".into(), None);
        assert!(!unknown.held && unknown.sentence().contains("sex=male: dice.mean >= 0.85: there is no value"));
        let gate = Gate::parse(Side::Max, "hd95.mean=5").unwrap();
        assert!(gate.check("all".into(), Some(5.0)).held && !gate.check("all".into(), Some(5.1)).held);
    }

    #[test]
    fn the_interval_of_subjects_comes_first() {
        let mut s = MetricSummary { ci95_by_image: Some([0.1, 0.2]), ..MetricSummary::default() };
        assert_eq!(statistic(&s, "ci95_low"), Some(0.1));
        s.ci95_by_subject = Some([0.0, 0.3]);
        assert_eq!((statistic(&s, "ci95_low"), statistic(&s, "ci95_high")), (Some(0.0), Some(0.3)));
        let one_subject = MetricSummary { subjects: Some(1), ci95_by_subject: None, ..s };
        assert!(!min("dice.ci95_low=0").unwrap().check("all".into(), statistic(&one_subject, "ci95_low")).held);
    }
}

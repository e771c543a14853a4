//! What is done to photos, and how strongly: each kind with its unit and the strengths that are tried, from weak to strong.

use std::str::FromStr;

/// One way in which a photo may be worse than the photographer meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    DistanceOut,
    DistanceIn,
    Rotation,
    Blur,
    Darker,
    Brighter,
    Warmer,
    Cooler,
    Jpeg,
    Noise,
    Resolution,
    Occlusion,
}

/// What there is to say about a kind.
pub struct About {
    pub kind: Kind,
    /// On the command line and in files.
    pub name: &'static str,
    /// For people: what the strength counts.
    pub unit: &'static str,
    /// From weak to strong.
    pub strengths: &'static [f64],
    /// What a strength may be.
    pub range: [f64; 2],
    pub what: &'static str,
}

pub const KINDS: [About; 12] = [
    About {
        kind: Kind::DistanceOut,
        name: "distance_out",
        unit: "times as far",
        strengths: &[1.4, 2.0, 2.8, 4.0, 5.6, 8.0],
        range: [1.0, 64.0],
        what: "the photo smaller in the same frame, on plain ground of the colour of its border",
    },
    About {
        kind: Kind::DistanceIn,
        name: "distance_in",
        unit: "times as near",
        strengths: &[1.4, 2.0, 2.8, 4.0],
        range: [1.0, 64.0],
        what: "a part around the largest lesion, enlarged; judged in that part",
    },
    About {
        kind: Kind::Rotation,
        name: "rotation",
        unit: "degrees",
        strengths: &[10.0, 20.0, 45.0, 90.0, 180.0],
        range: [0.0, 359.0],
        what: "the camera turned about its axis; corners that leave the frame are not judged",
    },
    About {
        kind: Kind::Blur,
        name: "blur",
        unit: "thousandths of the long side",
        strengths: &[1.0, 2.0, 4.0, 8.0, 16.0],
        range: [0.1, 100.0],
        what: "Gaussian blur; the strength is its standard deviation",
    },
    About {
        kind: Kind::Darker,
        name: "darker",
        unit: "stops",
        strengths: &[0.5, 1.0, 1.5, 2.0, 3.0],
        range: [0.0, 10.0],
        what: "less light, in linear light",
    },
    About {
        kind: Kind::Brighter,
        name: "brighter",
        unit: "stops",
        strengths: &[0.5, 1.0, 1.5, 2.0],
        range: [0.0, 10.0],
        what: "more light, in linear light; what is too bright is white",
    },
    About {
        kind: Kind::Warmer,
        name: "warmer",
        unit: "stops",
        strengths: &[0.1, 0.2, 0.4, 0.6],
        range: [0.0, 5.0],
        what: "white balance: so much more red and less blue, in linear light",
    },
    About {
        kind: Kind::Cooler,
        name: "cooler",
        unit: "stops",
        strengths: &[0.1, 0.2, 0.4, 0.6],
        range: [0.0, 5.0],
        what: "white balance: so much less red and more blue, in linear light",
    },
    About {
        kind: Kind::Jpeg,
        name: "jpeg",
        unit: "quality",
        strengths: &[50.0, 30.0, 15.0, 8.0, 4.0],
        range: [1.0, 100.0],
        what: "saved as JPEG of a low quality",
    },
    About {
        kind: Kind::Noise,
        name: "noise",
        unit: "of 255",
        strengths: &[5.0, 10.0, 20.0, 40.0, 80.0],
        range: [0.0, 255.0],
        what: "noise in every channel; the strength is its standard deviation",
    },
    About {
        kind: Kind::Resolution,
        name: "resolution",
        unit: "pixels on the long side",
        strengths: &[512.0, 256.0, 128.0, 64.0, 32.0],
        range: [8.0, 16384.0],
        what: "a smaller photo; tried on photos that are larger than that",
    },
    About {
        kind: Kind::Occlusion,
        name: "occlusion",
        unit: "% of the frame",
        strengths: &[5.0, 10.0, 20.0, 40.0],
        range: [0.0, 90.0],
        what: "four plain patches over the photo; judged where it can be seen",
    },
];

impl Kind {
    pub fn about(self) -> &'static About {
        KINDS.iter().find(|about| about.kind == self).expect("every kind is described")
    }

    /// Whether what is seen changes its colours.
    pub fn recolours(self) -> bool {
        matches!(
            self,
            Kind::Darker | Kind::Brighter | Kind::Warmer | Kind::Cooler | Kind::Jpeg | Kind::Noise | Kind::Blur
        )
    }
}

/// A kind, and the strengths of it that are wanted, from weak to strong.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub kind: Kind,
    pub strengths: Vec<f64>,
}

impl Series {
    pub fn usual(about: &About) -> Self {
        Self { kind: about.kind, strengths: about.strengths.to_vec() }
    }
}

/// `blur`, or `blur=2,4` for strengths of one's own.
impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, strengths) = text.split_once('=').map_or((text, None), |(name, list)| (name, Some(list)));
        let Some(about) = KINDS.iter().find(|about| about.name == name) else {
            let names: Vec<&str> = KINDS.iter().map(|about| about.name).collect();
            return Err(format!("there is no kind `{name}`; there are {}", names.join(", ")));
        };
        let Some(list) = strengths else { return Ok(Self::usual(about)) };
        let [low, high] = about.range;
        let number = |text: &str| text.trim().parse().ok().filter(|v: &f64| (low..=high).contains(v));
        let strengths: Option<Vec<f64>> = list.split(',').map(number).collect();
        match strengths {
            Some(strengths) => Ok(Self { kind: about.kind, strengths }),
            None => Err(format!(
                "write numbers from {low} to {high}, such as {name}={},{}",
                about.strengths[0], about.strengths[1]
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_may_have_strengths_of_its_own() {
        assert_eq!("blur=2, 5".parse(), Ok(Series { kind: Kind::Blur, strengths: vec![2.0, 5.0] }));
        assert_eq!("jpeg".parse(), Ok(Series { kind: Kind::Jpeg, strengths: vec![50.0, 30.0, 15.0, 8.0, 4.0] }));
        for (text, word) in [("blurr", "distance_out"), ("noise=x", "0 to 255"), ("distance_in=0.5", "1 to 64")] {
            let error = text.parse::<Series>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn the_usual_strengths_are_allowed() {
        for about in &KINDS {
            let [low, high] = about.range;
            assert!(about.strengths.iter().all(|s| (low..=high).contains(s)), "{}", about.name);
        }
    }
}

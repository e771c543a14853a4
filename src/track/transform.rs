//! How points of one photo lie in another: a similarity (turned, moved, zoomed) or an affine map, fitted to pairs of points by
//! least squares, with how sure it is.

pub type Point = [f64; 2];

/// A point of one photo and where it is in the other.
pub type Pair = (Point, Point);

/// x' = a x + b y + c, y' = d x + e y + f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    pub e: f64,
    pub f: f64,
}

impl Affine {
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 0.0, e: 1.0, f: 0.0 };

    pub fn scaling(by: f64) -> Self {
        Self { a: by, e: by, ..Self::IDENTITY }
    }

    pub fn apply(&self, [x, y]: Point) -> Point {
        [self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f]
    }

    /// How many times larger an area is afterwards.
    pub fn area_factor(&self) -> f64 {
        self.a * self.e - self.b * self.d
    }

    /// First this, then `next`.
    pub fn then(&self, next: &Self) -> Self {
        let [c, f] = next.apply([self.c, self.f]);
        Self {
            a: next.a * self.a + next.b * self.d,
            b: next.a * self.b + next.b * self.e,
            c,
            d: next.d * self.a + next.e * self.d,
            e: next.d * self.b + next.e * self.e,
            f,
        }
    }

    /// Nothing where the map makes everything a line.
    pub fn inverse(&self) -> Option<Self> {
        let area = self.area_factor();
        if area.abs() < 1e-12 {
            return None;
        }
        let (a, b, d, e) = (self.e / area, -self.b / area, -self.d / area, self.a / area);
        Some(Self { a, b, c: -(a * self.c + b * self.f), d, e, f: -(d * self.c + e * self.f) })
    }

    /// How much longer things become at the most and at the least, whatever way they lie.
    pub fn stretch(&self) -> (f64, f64) {
        let sum = self.a.powi(2) + self.b.powi(2) + self.d.powi(2) + self.e.powi(2);
        let root = (sum.powi(2) - 4.0 * self.area_factor().powi(2)).max(0.0).sqrt();
        (((sum + root) / 2.0).sqrt(), ((sum - root) / 2.0).max(0.0).sqrt())
    }

    /// Turned by so many degrees.
    pub fn turn(&self) -> f64 {
        (self.d - self.b).atan2(self.a + self.e).to_degrees()
    }
}

/// A map with what its points say of it.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    pub map: Affine,
    /// Mean of the squared distances of a coordinate, freed of what the fit itself took up.
    variance: f64,
    /// Inverse of the normal matrix of (x, y, 1), about `centre`.
    spread: [[f64; 3]; 3],
    centre: Point,
    /// Numbers of the map that move together: 2 in a similarity, where width and height are one.
    tied: f64,
}

impl Fit {
    /// Where the points fix it, in pixels of the target: standard error of a mapped point.
    pub fn error_at(&self, [x, y]: Point) -> f64 {
        let p = [x - self.centre[0], y - self.centre[1], 1.0];
        let quadratic: f64 =
            (0..3).flat_map(|i| (0..3).map(move |j| (i, j))).map(|(i, j)| p[i] * self.spread[i][j] * p[j]).sum();
        (2.0 * self.variance * quadratic.max(0.0)).sqrt()
    }

    /// Standard error of the area factor, relative to it.
    pub fn area_error(&self) -> f64 {
        let Affine { a, b, d, e, .. } = self.map;
        let form =
            |u: f64, v: f64| u * u * self.spread[0][0] + 2.0 * u * v * self.spread[0][1] + v * v * self.spread[1][1];
        (self.tied * self.variance * (form(e, -d) + form(-b, a))).max(0.0).sqrt() / self.map.area_factor().abs()
    }

    /// Root of the mean squared distance of the points.
    pub fn residual(&self) -> f64 {
        (2.0 * self.variance).sqrt()
    }
}

/// The similarity through two pairs; nothing where the points coincide.
pub fn similarity_of_two((p, q): &Pair, (r, s): &Pair) -> Option<Affine> {
    let (u, v) = (r[0] - p[0], r[1] - p[1]);
    let (x, y) = (s[0] - q[0], s[1] - q[1]);
    let length = u * u + v * v;
    if length < 1e-9 {
        return None;
    }
    let (a, d) = ((u * x + v * y) / length, (u * y - v * x) / length);
    Some(Affine { a, b: -d, c: q[0] - a * p[0] + d * p[1], d, e: a, f: q[1] - d * p[0] - a * p[1] })
}

fn centre(points: impl Iterator<Item = Point> + Clone) -> Point {
    let n = points.clone().count().max(1) as f64;
    let sum = points.fold([0.0, 0.0], |[x, y], [u, v]| [x + u, y + v]);
    [sum[0] / n, sum[1] / n]
}

fn squares(map: &Affine, pairs: &[Pair]) -> f64 {
    pairs.iter().map(|(p, q)| distance2(map.apply(*p), *q)).sum()
}

pub fn distance2([x, y]: Point, [u, v]: Point) -> f64 {
    (x - u).powi(2) + (y - v).powi(2)
}

/// Four numbers: for few points.
pub fn similarity(pairs: &[Pair]) -> Option<Fit> {
    if pairs.len() < 3 {
        return None;
    }
    let (from, to) = (centre(pairs.iter().map(|p| p.0)), centre(pairs.iter().map(|p| p.1)));
    let (mut length, mut along, mut across) = (0.0, 0.0, 0.0);
    for (p, q) in pairs {
        let (u, v, x, y) = (p[0] - from[0], p[1] - from[1], q[0] - to[0], q[1] - to[1]);
        length += u * u + v * v;
        along += u * x + v * y;
        across += u * y - v * x;
    }
    if length < 1e-9 {
        return None;
    }
    let (a, d) = (along / length, across / length);
    let map = Affine { a, b: -d, c: to[0] - a * from[0] + d * from[1], d, e: a, f: to[1] - d * from[0] - a * from[1] };
    let n = pairs.len() as f64;
    let variance = squares(&map, pairs) / (2.0 * n - 4.0);
    let each = 1.0 / length;
    let spread = [[each, 0.0, 0.0], [0.0, each, 0.0], [0.0, 0.0, 1.0 / n]];
    Some(Fit { map, variance, spread, centre: from, tied: 2.0 })
}

/// Six numbers: for many points that do not lie in a line.
pub fn affine(pairs: &[Pair]) -> Option<Fit> {
    if pairs.len() < 4 {
        return None;
    }
    let (from, to) = (centre(pairs.iter().map(|p| p.0)), centre(pairs.iter().map(|p| p.1)));
    let (mut uu, mut uv, mut vv) = (0.0, 0.0, 0.0);
    let (mut ux, mut vx, mut uy, mut vy) = (0.0, 0.0, 0.0, 0.0);
    for (p, q) in pairs {
        let (u, v, x, y) = (p[0] - from[0], p[1] - from[1], q[0] - to[0], q[1] - to[1]);
        (uu, uv, vv) = (uu + u * u, uv + u * v, vv + v * v);
        (ux, vx, uy, vy) = (ux + u * x, vx + v * x, uy + u * y, vy + v * y);
    }
    let det = uu * vv - uv * uv;
    if det <= 1e-9 * (uu + vv).powi(2) {
        return None;
    }
    let (a, b) = ((ux * vv - vx * uv) / det, (vx * uu - ux * uv) / det);
    let (d, e) = ((uy * vv - vy * uv) / det, (vy * uu - uy * uv) / det);
    let map = Affine { a, b, c: to[0] - a * from[0] - b * from[1], d, e, f: to[1] - d * from[0] - e * from[1] };
    let n = pairs.len() as f64;
    let variance = squares(&map, pairs) / (2.0 * n - 6.0);
    let spread = [[vv / det, -uv / det, 0.0], [-uv / det, uu / det, 0.0], [0.0, 0.0, 1.0 / n]];
    Some(Fit { map, variance, spread, centre: from, tied: 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: Affine = Affine { a: 1.2, b: -0.3, c: 40.0, d: 0.25, e: 1.1, f: -12.0 };

    fn grid() -> impl Iterator<Item = Point> {
        (0..6).flat_map(|x| (0..5).map(move |y| [f64::from(x) * 37.0, f64::from(y) * 29.0]))
    }

    fn close(a: Point, b: Point) -> bool {
        distance2(a, b) < 1e-16
    }

    #[test]
    fn maps_go_there_and_back_and_after_one_another() {
        let back = MAP.inverse().unwrap();
        for p in grid() {
            assert!(close(back.apply(MAP.apply(p)), p));
            assert!(close(MAP.then(&Affine::scaling(2.0)).apply(p), MAP.apply(p).map(|v| 2.0 * v)));
        }
        assert!(Affine::scaling(0.0).inverse().is_none());
        let (most, least) = MAP.stretch();
        assert!((most * least - MAP.area_factor()).abs() < 1e-9 && most > least);
    }

    #[test]
    fn exact_points_give_their_map_without_error() {
        let pairs: Vec<Pair> = grid().map(|p| (p, MAP.apply(p))).collect();
        let fit = affine(&pairs).unwrap();
        assert!(close(fit.map.apply([7.0, 9.0]), MAP.apply([7.0, 9.0])));
        assert!(fit.residual() < 1e-6 && fit.area_error() < 1e-6 && fit.error_at([500.0, 0.0]) < 1e-5);
        let turned = similarity_of_two(&([0.0, 0.0], [5.0, 5.0]), &([1.0, 0.0], [5.0, 7.0])).unwrap();
        assert!((turned.turn() - 90.0).abs() < 1e-9 && (turned.area_factor() - 4.0).abs() < 1e-9);
        let pairs: Vec<Pair> = grid().map(|p| (p, turned.apply(p))).collect();
        assert!(close(similarity(&pairs).unwrap().map.apply([3.0, 8.0]), turned.apply([3.0, 8.0])));
        let line: Vec<Pair> = (0..9).map(|i| ([f64::from(i), 2.0 * f64::from(i)], [f64::from(i), 0.0])).collect();
        assert!(affine(&line).is_none());
    }

    /// With noise of a known size, the errors told are those that fits have.
    #[test]
    fn the_errors_are_those_of_many_fits() {
        let mut state = 7_u64;
        let mut noise = || {
            // The sum of twelve even numbers is as good as normal.
            let even = |state: &mut u64| {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (*state >> 11) as f64 / (1_u64 << 53) as f64
            };
            (0..12).map(|_| even(&mut state)).sum::<f64>() - 6.0
        };
        let truth = Affine { a: 0.9, b: -0.2, c: 3.0, d: 0.2, e: 0.9, f: 4.0 };
        for fit in [similarity, affine] {
            let (mut area, mut place, mut told_area, mut told_place) = (0.0, 0.0, 0.0, 0.0);
            let runs = 400;
            for _ in 0..runs {
                let noisy = |p: Point| {
                    let [x, y] = truth.apply(p);
                    (p, [x + noise(), y + noise()])
                };
                let fit = fit(&grid().map(noisy).collect::<Vec<_>>()).unwrap();
                area += (fit.map.area_factor() / truth.area_factor() - 1.0).powi(2);
                place += distance2(fit.map.apply([180.0, 20.0]), truth.apply([180.0, 20.0]));
                told_area += fit.area_error().powi(2);
                told_place += fit.error_at([180.0, 20.0]).powi(2);
            }
            assert!((told_area / area).ln().abs() < 0.25, "{told_area} {area}");
            assert!((told_place / place).ln().abs() < 0.25, "{told_place} {place}");
        }
    }
}

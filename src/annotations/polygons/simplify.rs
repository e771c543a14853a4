//! Outlines with fewer corners, so that a hand can move them: none of the corners that are left out lies farther from the new
//! line than asked for (Ramer, Douglas and Peucker).

use super::Ring;

/// Empty where nothing with an area would be left.
pub fn simplify(ring: &Ring, tolerance: f64) -> Ring {
    // A closed line is cut where it is the farthest from its first corner.
    let Some(far) = (0..ring.len()).max_by(|&a, &b| distance(ring[0], ring[a]).total_cmp(&distance(ring[0], ring[b])))
    else {
        return Ring::new();
    };
    let closed: Ring = ring.iter().chain(ring.first()).copied().collect();
    let mut kept = vec![false; closed.len()];
    (kept[0], kept[far]) = (true, true);
    let mut open = vec![(0, far), (far, ring.len())];
    while let Some((start, end)) = open.pop() {
        let away = |i: &usize| from_line(closed[*i], closed[start], closed[end]);
        let farthest = (start + 1..end).max_by(|a, b| away(a).total_cmp(&away(b)));
        if let Some(corner) = farthest.filter(|corner| away(corner) > tolerance) {
            kept[corner] = true;
            open.extend([(start, corner), (corner, end)]);
        }
    }
    let simple: Ring = ring.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(corner, _)| *corner).collect();
    if simple.len() < 3 { Ring::new() } else { simple }
}

fn distance(a: [i32; 2], b: [i32; 2]) -> f64 {
    f64::hypot(f64::from(a[0] - b[0]), f64::from(a[1] - b[1]))
}

/// From a point to the piece of a line between two others.
fn from_line(point: [i32; 2], start: [i32; 2], end: [i32; 2]) -> f64 {
    let sub = |a: [i32; 2], b: [i32; 2]| [f64::from(a[0] - b[0]), f64::from(a[1] - b[1])];
    let (way, to) = (sub(end, start), sub(point, start));
    let length = way[0] * way[0] + way[1] * way[1];
    let part = if length > 0.0 { ((to[0] * way[0] + to[1] * way[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    f64::hypot(to[0] - part * way[0], to[1] - part * way[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_corner_left_out_is_farther_than_asked_for() {
        let circle: Ring = (0..720)
            .map(|i| f64::from(i) * std::f64::consts::TAU / 720.0)
            .map(|a| [(200.0 * a.cos()).round() as i32, (200.0 * a.sin()).round() as i32])
            .collect();
        for tolerance in [0.0, 0.5, 1.5, 6.0] {
            let simple = simplify(&circle, tolerance);
            assert!(simple.iter().all(|corner| circle.contains(corner)));
            for corner in &circle {
                let next = simple.iter().cycle().skip(1);
                let nearest = simple.iter().zip(next).map(|(a, b)| from_line(*corner, *a, *b)).fold(f64::MAX, f64::min);
                assert!(nearest <= tolerance + 1e-9, "{nearest} with {tolerance}");
            }
        }
        assert!(simplify(&circle, 1.5).len() < 40);
    }

    #[test]
    fn what_has_no_area_left_is_gone() {
        let pixel = vec![[0, 0], [1, 0], [1, 1], [0, 1]];
        assert_eq!(simplify(&pixel, 0.0), pixel);
        assert_eq!(simplify(&pixel, 2.0), Ring::new());
        assert_eq!(simplify(&Ring::new(), 1.0), Ring::new());
    }
}

"""python test_drawings.py: what is drawn lies where it may, is labelled as it says, and the network reads ImageNet's weights."""
import unittest
import cv2
import numpy as np, torch
import decoys, disease, lite, stream
from optics import colour, density


def skin(rng, tone, s=128):
    """Plain skin with a little noise, and an ellipse of it in which may be drawn."""
    x = np.float32(tone) * np.ones((s, s, 1), np.float32) + rng.normal(0, 4, (s, s, 3)).astype(np.float32)
    room = np.zeros((s, s), np.uint8)
    cv2.ellipse(room, (s // 2, s // 2), (s // 2 - 6, s // 3), 0, 0, 360, 1, -1)
    return x.clip(1, 255), room > 0


class Drawings(unittest.TestCase):
    def test_density(self):
        x = np.float32([[[30, 120, 250]]])
        self.assertTrue(np.allclose(colour(density(x)), x, atol=0.01))

    def test_each_disease_on_each_tone(self):
        for kind in disease.KINDS:
            for tone in ((230, 190, 170), (180, 130, 100), (70, 45, 35)):
                rng = np.random.default_rng(1)
                x, room = skin(rng, tone)
                y, a = kind(disease.Scene(rng, x, room))
                self.assertTrue(np.isfinite(y).all() and a.min() >= 0 and a.max() <= 1.5, kind.__name__)
                self.assertGreater(((a > 0.5) & room).sum(), 0, f"{kind.__name__} draws nothing")

    def test_disease_stays_in_its_room(self):
        drawn = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            x, room = skin(rng, (190, 140, 115))
            t = room.astype(np.uint8)
            y, u = disease.draw(rng, x, t, room)
            self.assertTrue((u[~room] == 0).all())
            far = cv2.dilate(room.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
            self.assertTrue(np.allclose(y[far], x[far], atol=0.5))
            drawn += (u == 2).any()
        self.assertGreater(drawn, 20)

    def test_what_no_eye_sees_is_no_lesion(self):
        x, room = skin(np.random.default_rng(7), (190, 140, 115))
        for part, factor, expected in ((0.4, 0.99, False), (0.4, 0.75, True), (1.0, 0.88, False), (1.0, 0.6, True)):
            lesion = room.copy()
            lesion[:, int(128 * part):] = False
            y = np.where(lesion[..., None], x * np.float32([1, factor, factor]), x)
            self.assertEqual(disease.seen(disease.erythema, x, y, lesion, room), expected, (part, factor))

    def test_vitiligo_is_never_darker_inside(self):
        rng = np.random.default_rng(2)
        x, room = skin(rng, (150, 105, 80))
        y, a = disease.vitiligo(disease.Scene(rng, x, room))
        inside = (a > 0.9) & room
        self.assertGreater(y[inside].mean(), x[inside].mean())

    def test_a_decoy_is_no_lesion(self):
        for seed in range(30):
            rng = np.random.default_rng(seed)
            x, room = skin(rng, (200, 150, 125))
            y, t = decoys.add_parts(rng, x, room.astype(np.uint8), room)
            self.assertFalse((t == 2).any())
            self.assertEqual(y.shape, x.shape)

    def test_close_skin_fills_the_picture(self):
        rng = np.random.default_rng(3)
        x, room = skin(rng, (200, 150, 125), 200)
        x[~room] = 0
        s = stream.Stream({n: [(x.astype(np.uint8), room.astype(np.uint8))] if n == "fuseg" else [] for n in stream.CANVAS}, {"drawn": 1}, 4)
        for _ in range(20):
            y, t = s.close(96)
            self.assertEqual((y.shape, t.shape), ((96, 96, 3), (96, 96)))
            self.assertGreater((t == 1).mean(), 0.6)
            self.assertGreater(y[t == 1].mean(), 60)  # skin, where it is called skin
            y, t = s.drawn(96)
            self.assertTrue(set(np.unique(t)) <= {0, 1, 2, 3, 255})

    def test_shine_is_brighter_and_never_a_lesion(self):
        for tone in ((230, 190, 170), (70, 45, 35)):
            rng = np.random.default_rng(5)
            x, room = skin(rng, tone)
            y, a = decoys.shine(rng, x, decoys.Place(rng, room))
            self.assertGreater((y - x).max(), 5)
            self.assertGreaterEqual((y - x).min(), 0)
            self.assertFalse(a.any())

    def test_features_of_a_face(self):
        points = np.float32([(40, 40), (80, 40), (60, 60), (45, 85), (75, 85)])  # upright: eyes, nose, corners of the mouth
        for turn in (0, 90):
            p = points if not turn else np.stack([120 - points[:, 1], points[:, 0]], 1)
            on = stream.features(p, (120, 120))
            for x, y in [*p[:2], (p[3] + p[4]) / 2, p[3], p[4]]:
                self.assertTrue(on[int(y), int(x)])
            for x, y in (p[0] + p[1]) / 2, (p[0] + p[3]) / 2:  # between the eyes, a cheek
                self.assertFalse(on[int(y), int(x)])
        self.assertLess(on.mean(), 0.2)

    def test_drawn_set_is_the_same_every_time(self):
        x, room = skin(np.random.default_rng(6), (200, 150, 125), 200)
        val = {"ccp_skin_crops": [(x.astype(np.uint8), room.astype(np.uint8))]}
        a, b = stream.drawn_set(val, 4, 96), stream.drawn_set(val, 4, 96)
        for (x, t), (y, u) in zip(a, b):
            self.assertTrue((t == 2).any() and (x == y).all() and (t == u).all())

    def test_moved_together(self):
        rng = np.random.default_rng(0)
        x = np.zeros((96, 96, 3), np.uint8)
        x[20:60, 30:70] = 255
        for _ in range(20):
            y, t = stream.moved(rng, x, (x[..., 0] > 0).astype(np.uint8))
            self.assertLess(((y[..., 0] > 128) != t).mean(), 0.02)


class Network(unittest.TestCase):
    def test_folding_changes_nothing(self):
        torch.manual_seed(0)
        net = lite.Lite()
        for m in net.modules():
            if isinstance(m, lite.ConvNorm):
                m.mean.normal_(), m.var.uniform_(0.5, 2)
        x = torch.randn(1, 3, 64, 64)
        with torch.no_grad():
            a, b = net.eval()(x), lite.plain(net)(x)
        self.assertEqual(a.shape, (1, 3, 32, 32))
        self.assertTrue(torch.allclose(a, b, atol=1e-3 * float(a.abs().max())))

    def test_imagenet_weights_fit(self):
        net = lite.Lite()
        before = [p.clone() for p in net.enc.parameters()]
        net.enc.load_imagenet()
        self.assertTrue(all((a != b).any() for a, b in zip(before, net.enc.parameters())))


if __name__ == "__main__":
    unittest.main()

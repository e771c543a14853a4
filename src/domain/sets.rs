//! Disjoint sets that are joined step by step (union-find).

/// Numbers from 0 on, each in one set; the root of a set is its smallest member.
pub struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    /// Each number alone.
    pub fn new(len: usize) -> Self {
        Self { parent: (0..len).collect() }
    }

    pub fn root(&mut self, mut number: usize) -> usize {
        while self.parent[number] != number {
            self.parent[number] = self.parent[self.parent[number]];
            number = self.parent[number];
        }
        number
    }

    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

//! Path data in as few bytes as can be: whole tenths of a px, relative, runs along the time axis merged.

use std::fmt::Write as _;

/// The data of one SVG path (its `d` attribute) while it grows.
#[derive(Debug, Default, Clone)]
pub(super) struct PathData {
    data: String,
    at: (i32, i32),
    /// A horizontal run that may still grow.
    run: i32,
    /// The command that a bare pair of numbers would continue.
    command: char,
}

impl PathData {
    /// Begins a new part at an absolute point.
    pub(super) fn move_to(&mut self, (x, y): (i32, i32)) {
        self.flush_run();
        let _ = write!(self.data, "M{x}");
        self.separated(y);
        self.command = 'M';
        self.at = (x, y);
    }

    /// A straight line to an absolute point.
    pub(super) fn line_to(&mut self, (x, y): (i32, i32)) {
        let (dx, dy) = (x - self.at.0, y - self.at.1);
        self.at = (x, y);
        if dy == 0 {
            // A run that turns back would vanish if merged.
            if self.run != 0 && (self.run > 0) != (dx > 0) {
                self.flush_run();
            }
            self.run += dx;
            return;
        }
        self.flush_run();
        if dx == 0 {
            let _ = write!(self.data, "v{dy}");
            self.command = 'v';
            return;
        }
        if self.command == 'l' {
            self.separated(dx);
        } else {
            let _ = write!(self.data, "l{dx}");
            self.command = 'l';
        }
        self.separated(dy);
    }

    /// A point on its own: nothing but its round caps.
    pub(super) fn dot(&mut self, at: (i32, i32)) {
        self.move_to(at);
        self.data.push_str("h0");
        self.command = 'h';
    }

    /// Closes the part.
    pub(super) fn close(&mut self) {
        self.flush_run();
        self.data.push('z');
        self.command = 'z';
    }

    /// The finished data.
    pub(super) fn finish(mut self) -> String {
        self.flush_run();
        self.data
    }

    fn flush_run(&mut self) {
        if self.run != 0 {
            let _ = write!(self.data, "h{}", self.run);
            self.command = 'h';
            self.run = 0;
        }
    }

    fn separated(&mut self, n: i32) {
        if n >= 0 {
            self.data.push(' ');
        }
        let _ = write!(self.data, "{n}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_short() {
        let mut path = PathData::default();
        path.move_to((0, 100));
        for point in [(10, 100), (20, 100), (30, 90), (40, 95), (40, 80)] {
            path.line_to(point);
        }
        path.close();
        path.dot((5, -5));
        assert_eq!(path.finish(), "M0 100h20l10-10 10 5v-15zM5-5h0");
    }
}

//! No source file passes 400 lines: what does not fit on a few screens is not one thing any more.

use crate::source::File;

/// The most lines that a file may have.
pub const MOST: usize = 400;

/// The violation, where there is one.
pub fn too_long(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > MOST).then(|| format!("{}: {lines} lines, at most {MOST}: split it by what it does", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_401_is_one_too_many() {
        let file = |lines: usize| File::new("src/a.rs", &"x\n".repeat(lines));
        assert_eq!(too_long(&file(400)), None);
        assert_eq!(too_long(&file(401)).as_deref(), Some("src/a.rs: 401 lines, at most 400: split it by what it does"));
    }
}

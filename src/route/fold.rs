//! Levels of the tree of templates that had too many words, and so count all of them as `{id}`.

/// What stands for an identifier in a template.
pub(super) const PLACEHOLDER: &str = "{id}";

/// One level of the tree of folds; the root stands for what follows the first slash.
#[derive(Debug, Clone, Default)]
pub(super) struct Folds {
    /// Where this level has folded, the words that stay.
    kept: Option<Vec<Box<str>>>,
    /// Levels below, on the way to a fold.
    below: Vec<(Box<str>, Folds)>,
}

impl Folds {
    /// Whether nothing has folded.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_none() && self.below.is_empty()
    }

    /// Folds the level below `prefix` (`""`, `/shops`, `/shops/{id}/items`), but for the words `kept`.
    pub(super) fn add(&mut self, prefix: &str, kept: Vec<Box<str>>) {
        let mut level = self;
        for part in prefix.split('/').skip(1) {
            let at = level.below.iter().position(|(name, _)| **name == *part).unwrap_or_else(|| {
                level.below.push((part.into(), Self::default()));
                level.below.len() - 1
            });
            level = &mut level.below[at].1;
        }
        level.kept = Some(kept);
    }

    /// Writes `template` with its words folded; true if it passes a level that has folded by its `{id}`.
    pub(super) fn apply(&self, template: &str, folded: &mut String) -> bool {
        let mut level = Some(self);
        let mut passed = false;
        for part in parts(template) {
            let kept = level.and_then(|level| level.kept.as_ref());
            let text = match kept {
                Some(kept) if part.is_word() && !kept.iter().any(|word| **word == *part.text) => PLACEHOLDER,
                _ => part.text,
            };
            passed |= kept.is_some() && text == PLACEHOLDER;
            folded.push('/');
            folded.push_str(text);
            level =
                level.and_then(|level| level.below.iter().find(|(name, _)| **name == *text)).map(|(_, level)| level);
        }
        if folded.is_empty() {
            folded.push_str(template);
        }
        passed
    }
}

/// A segment of a template.
pub(super) struct Part<'a> {
    /// What comes before it, without the slash.
    pub(super) prefix: &'a str,
    pub(super) text: &'a str,
    /// Whether it belongs to `package.Service/Method`.
    pub(super) is_method: bool,
}

impl Part<'_> {
    /// Whether it is one of the words that a level has too many of.
    pub(super) fn is_word(&self) -> bool {
        !self.is_method && !self.text.starts_with('{')
    }
}

/// The segments of a template; `/` and `*` have none.
pub(super) fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut ends = template.rmatch_indices('/').map(|(at, _)| at);
    let (method, service) = (ends.next(), ends.next());
    let is_call = match (service, method) {
        (Some(service), Some(method)) => {
            let bytes = template.as_bytes();
            super::shape::is_rpc(&bytes[service + 1..method], &bytes[method + 1..])
        }
        _ => false,
    };
    let starts = template.match_indices('/').map(|(at, _)| at).filter(|_| template.len() > 1);
    starts.map(move |at| {
        let text = template[at + 1..].split('/').next().unwrap_or_default();
        Part { prefix: &template[..at], text, is_method: is_call && service.is_some_and(|from| at >= from) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(folds: &Folds, template: &str) -> (String, bool) {
        let mut folded = String::new();
        let passed = folds.apply(template, &mut folded);
        (folded, passed)
    }

    #[test]
    fn a_folded_level_counts_its_words_as_one() {
        let mut folds = Folds::default();
        folds.add("/shops", vec!["all".into()]);
        folds.add("/shops/{id}/items", vec![]);
        for (template, expected, passed) in [
            ("/shops/alpha", "/shops/{id}", true),
            ("/shops/{id}", "/shops/{id}", true),
            ("/shops/all", "/shops/all", false),
            ("/shops/all/items/x", "/shops/all/items/x", false),
            ("/shops/alpha/items/x/y", "/shops/{id}/items/{id}/y", true),
            ("/shops", "/shops", false),
            ("/other/alpha", "/other/alpha", false),
            ("/", "/", false),
            ("*", "*", false),
        ] {
            assert_eq!(applied(&folds, template), (expected.to_owned(), passed), "{template}");
        }
    }

    #[test]
    fn the_first_level_can_fold_and_methods_stay() {
        let mut folds = Folds::default();
        folds.add("", vec![]);
        folds.add("/{id}", vec![]);
        assert_eq!(applied(&folds, "/a/b/c"), ("/{id}/{id}/c".to_owned(), true));
        assert_eq!(applied(&folds, "/shop.v1.Cart/AddItem"), ("/shop.v1.Cart/AddItem".to_owned(), false));
    }
}

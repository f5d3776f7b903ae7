//! Text into values. What a manifest can grow to by its aliases, and how deep it nests, is bounded: it may come from anywhere.

use super::scalar::resolve;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Lists and maps inside each other.
const MAX_DEPTH: usize = 100;
/// Values of one document, aliases expanded.
const MAX_VALUES: usize = 1_000_000;

/// Reads one document; `None` where it holds nothing. The message names the line, counted from `line`.
pub(in crate::kube) fn read(text: &str, line: usize) -> Result<Option<Value>, String> {
    // JSON may be indented by tabs, which YAML forbids.
    let body = text.trim_start().strip_prefix("---").unwrap_or(text);
    if body.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(body)
    {
        return Ok(Some(value));
    }
    let events = Parser::new_from_str(text);
    let mut reader = Reader { events, anchors: HashMap::new(), left: MAX_VALUES, line };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(None),
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (event, at) => return reader.value(event, at, 0).map(Some),
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    left: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    /// The next event, and the line that it is on.
    fn next(&mut self) -> Result<(Event<'a>, usize), String> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, self.line + span.start.line() - 1)),
            Some(Err(error)) => Err(self.scan(&error)),
            None => Ok((Event::StreamEnd, self.line)),
        }
    }

    fn scan(&self, error: &ScanError) -> String {
        format!("line {}: {}", self.line + error.marker().line() - 1, error.info())
    }

    fn value(&mut self, event: Event<'a>, at: usize, depth: usize) -> Result<Value, String> {
        if depth == MAX_DEPTH {
            return Err(format!("line {at}: lists and maps are nested deeper than {MAX_DEPTH} levels"));
        }
        self.take(at, 1)?;
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value = value.ok_or_else(|| format!("line {at}: an alias that stands inside its own anchor"))?;
                self.take(at, size(&value))?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref(), at)?),
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, at) => items.push(self.value(event, at, depth + 1)?),
                    }
                }
                (anchor, Value::Array(items))
            }
            Event::MappingStart(anchor, _) => (anchor, Value::Object(self.map(depth)?)),
            other => return Err(format!("line {at}: {other:?} where a value should be")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn map(&mut self, depth: usize) -> Result<Map<String, Value>, String> {
        let (mut entries, mut merged) = (Map::new(), Vec::new());
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, ..) => {
                    let plain = style == ScalarStyle::Plain;
                    (text.into_owned(), plain)
                }
                _ => return Err(format!("line {at}: a key must be text")),
            };
            let (event, at) = self.next()?;
            let value = self.value(event, at, depth + 1)?;
            match key {
                (key, true) if key == "<<" => merged.push((value, at)),
                (key, _) if entries.contains_key(&key) => return Err(format!("line {at}: `{key}` is there twice")),
                (key, _) => {
                    entries.insert(key, value);
                }
            }
        }
        for (value, at) in merged {
            let maps = if let Value::Array(items) = value { items } else { vec![value] };
            for map in maps {
                let Value::Object(map) = map else { return Err(format!("line {at}: `<<` merges maps only")) };
                for (key, value) in map {
                    entries.entry(key).or_insert(value);
                }
            }
        }
        Ok(entries)
    }

    fn take(&mut self, at: usize, values: usize) -> Result<(), String> {
        let left = self.left.checked_sub(values);
        self.left = left.ok_or_else(|| format!("line {at}: the document has more than {MAX_VALUES} values"))?;
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: usize) -> Result<Value, String> {
    match tag {
        None if style == ScalarStyle::Plain => Ok(resolve(text)),
        None => Ok(Value::String(text.to_owned())),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Ok(Value::String(text.to_owned())),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix != "binary" => Ok(resolve(text)),
        Some(tag) => Err(format!("line {at}: the tag {}{} is not understood", tag.handle, tag.suffix)),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_read_as_kubectl_reads_it() {
        let text = "base: &base { a: 1, b: [x] }\ncopy: *base\nmore: { <<: *base, a: 2 }\nmode: 0644\nquoted: '0644'\n\
                    text: |\n  one\n  two\ntagged: !!str 7\non: yes\n";
        let expected = json!({ "base": { "a": 1, "b": ["x"] }, "copy": { "a": 1, "b": ["x"] },
            "more": { "a": 2, "b": ["x"] }, "mode": 420, "quoted": "0644", "text": "one\ntwo\n", "tagged": "7", "on": true });
        assert_eq!(read(text, 1), Ok(Some(expected)));
    }

    #[test]
    fn json_may_be_indented_by_tabs() {
        assert_eq!(read("{\n\t\"a\": [1,\n\t\t2]\n}", 1), Ok(Some(json!({ "a": [1, 2] }))));
    }

    #[test]
    fn comments_alone_are_nothing() {
        assert_eq!(read("# nothing\n", 1), Ok(None));
        assert_eq!(read("---\n# nothing\n", 1), Ok(Some(Value::Null)));
    }

    #[test]
    fn faults_name_their_line_in_the_whole_file() {
        for (text, expected) in [
            ("a: 1\na: 2\n", "line 11: `a` is there twice"),
            ("a: 1\nb: [1\n", "line 1"),
            ("a: !odd 1\n", "line 10: the tag !odd is not understood"),
            ("? [a]\n: 1\n", "line 10: a key must be text"),
        ] {
            let fault = read(text, 10).expect_err(text);
            assert!(fault.starts_with(expected), "{fault}");
        }
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            text += &format!("a{level}: &a{level} [{below}]\n");
        }
        assert!(read(&text, 1).expect_err("a bomb").contains("more than 1000000 values"));
        let deep = "[".repeat(150) + &"]".repeat(150);
        assert!(read(&deep, 1).expect_err("a well").contains("nested deeper"));
    }
}

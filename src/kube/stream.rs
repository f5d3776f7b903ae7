//! Several documents in one text. Those that are not altered go out byte for byte as they came, comments and all; of one that is,
//! the comments before its first key stay.

use super::yaml;
use serde_json::Value;

/// A document of a text.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// As it came, with the line `---` that it began with.
    text: String,
    /// What it holds; `None` for comments alone.
    pub(super) value: Option<Value>,
    /// What it held when it was read.
    was: Option<Value>,
    /// Its place among the documents that hold something, from 1.
    pub(super) number: usize,
}

/// Reads all documents; the message names the document and the line.
pub(super) fn read(text: &str) -> Result<Vec<Document>, String> {
    let (mut documents, mut number, mut line) = (Vec::new(), 0, 1);
    for text in split(text) {
        let value = if has_content(text) {
            yaml::read(text, line).map_err(|error| format!("document {}: {error}", number + 1))?
        } else {
            None
        };
        number += usize::from(value.is_some());
        documents.push(Document { text: text.to_owned(), was: value.clone(), value, number });
        line += text.matches('\n').count();
    }
    Ok(documents)
}

/// All documents as one text.
pub(super) fn write(documents: &[Document]) -> String {
    let mut text = String::new();
    for document in documents {
        let written = document.write();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if !text.is_empty() && !is_marker(&written) {
            text.push_str("---\n");
        }
        text.push_str(&written);
    }
    text
}

impl Document {
    fn write(&self) -> String {
        match &self.value {
            Some(value) if self.value != self.was => self.head() + &yaml::write(value),
            _ => self.text.clone(),
        }
    }

    /// The line `---` and the comments before the first key.
    fn head(&self) -> String {
        let mut head = String::new();
        for (at, line) in self.text.lines().enumerate() {
            let rest = if at == 0 && is_marker(line) { line[3..].trim() } else { line.trim() };
            let is_comment = rest.is_empty() || rest.starts_with('#');
            if at == 0 && is_marker(line) && !is_comment {
                // A document may begin on its marker's line.
                return "---\n".to_owned();
            }
            if !is_comment {
                break;
            }
            head.push_str(line);
            head.push('\n');
        }
        head
    }

    /// The value as it would be written if it had been altered: what `uninject` gives back is compared with this.
    #[cfg(test)]
    pub(super) fn normal(&self) -> String {
        self.head() + &self.value.as_ref().map(yaml::write).unwrap_or_default()
    }
}

/// Pieces that begin with a line `---`, but for the first, which may have none.
fn split(text: &str) -> Vec<&str> {
    let (mut pieces, mut begin, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if is_marker(line) && at > begin {
            pieces.push(&text[begin..at]);
            begin = at;
        }
        at += line.len();
    }
    if begin < text.len() {
        pieces.push(&text[begin..]);
    }
    pieces
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Whether there is more than comments, directives and markers.
fn has_content(text: &str) -> bool {
    text.lines().any(|line| {
        let line = if is_marker(line) { line[3..].trim() } else { line.trim() };
        !(line.is_empty() || line.starts_with(['#', '%']) || line == "...")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "# a licence\n---\n# Source: a.yaml\na:   1 # kept\n---\n---\n# Source: b.yaml\n\nb:   2 # lost\n...\n--- { c: 3 }\n---\n{ d: 4 }";

    #[test]
    fn what_is_not_altered_stays_byte_for_byte() {
        let documents = read(TEXT).expect("a good text");
        assert_eq!(write(&documents), TEXT);
        let numbers: Vec<_> = documents.iter().filter(|d| d.value.is_some()).map(|d| d.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_altered_keeps_its_place_and_the_comments_before_it() {
        let mut documents = read(TEXT).expect("a good text");
        for document in &mut documents {
            if document.number != 1 && document.value.is_some() {
                document.value = document.value.take().map(|value| json!({ "was": value }));
            }
        }
        let expected = "# a licence\n---\n# Source: a.yaml\na:   1 # kept\n---\n---\n# Source: b.yaml\n\nwas:\n  b: 2\n\
            ---\nwas:\n  c: 3\n---\nwas:\n  d: 4\n";
        assert_eq!(write(&documents), expected);
    }

    #[test]
    fn a_fault_names_document_and_line() {
        let fault = read("a: 1\n---\n# b\nb: [\n---\nc: 1\n").expect_err("an open list");
        assert!(fault.starts_with("document 2: line "), "{fault}");
    }
}

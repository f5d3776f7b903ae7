//! Functions that see labels rather than values.

use super::matrix::Matrix;
use super::{Evaluator, Times};
use crate::base::labels::NAME;
use crate::promql::ast::Call;
use crate::promql::error::{Fault, Span};

impl Evaluator<'_> {
    pub(super) fn label_replace(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let [target, replacement, source] = [1, 2, 3].map(|at| call.args[at].text().unwrap_or_default());
        let mut matrix = self.vector(&call.args[0], times)?;
        let Some(pattern) = &call.pattern else { return Ok(matrix) };
        for row in &mut matrix.rows {
            let Some(captures) = pattern.captures(row.labels.get(source)) else { continue };
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            row.labels = row.labels.with(target, &value);
            row.drop_name &= target != NAME;
        }
        matrix.merged(span)
    }

    pub(super) fn label_join(&mut self, call: &Call, times: Times, span: Span) -> Result<Matrix, Fault> {
        let text = |at: usize| call.args[at].text().unwrap_or_default();
        let (target, separator) = (text(1), text(2));
        let mut matrix = self.vector(&call.args[0], times)?;
        for row in &mut matrix.rows {
            let values: Vec<&str> = (3..call.args.len()).map(|at| row.labels.get(text(at))).collect();
            let joined = values.join(separator);
            row.labels = row.labels.with(target, &joined);
            row.drop_name &= target != NAME;
        }
        matrix.merged(span)
    }
}

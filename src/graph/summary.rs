//! The table of a network: shapes, parameters, operations.

use std::fmt;

use crate::graph::builder::Graph;
use crate::params::Role;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the node.
    pub name: String,
    /// The op.
    pub op: &'static str,
    /// Output shape of one sample.
    pub shape: Vec<usize>,
    /// Trainable numbers.
    pub parameters: usize,
    /// Floating-point operations of the forward pass for one sample.
    pub operations: u64,
}

/// Shapes, parameters and operations of every node of a graph; its `Display` is the table.
#[derive(Clone, Debug)]
pub struct Summary {
    /// One row a node, in order.
    pub rows: Vec<Row>,
}

impl Summary {
    /// Walk through `graph`.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let rows = graph.nodes()[1..].iter().filter_map(|node| {
            let layer = node.op.as_ref()?.layer();
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|&i| graph.shape(i)).collect();
            let parameters = layer
                .parameters(&node.name)
                .iter()
                .filter(|spec| spec.role != Role::Buffer)
                .map(|spec| spec.shape.iter().product::<usize>())
                .sum();
            Some(Row {
                name: node.name.clone(),
                op: layer.name(),
                shape: node.shape.clone(),
                parameters,
                operations: layer.operations(&inputs, &node.shape),
            })
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// Trainable numbers of the whole graph.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|row| row.parameters).sum()
    }

    /// Floating-point operations of the forward pass for one sample.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.rows.iter().map(|row| row.operations).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:<16} {:<16} {:>12} {:>14}",
            "node", "op", "output", "parameters", "operations"
        )?;
        for row in &self.rows {
            let shape: Vec<String> = row.shape.iter().map(usize::to_string).collect();
            writeln!(
                f,
                "{:<32} {:<16} {:<16} {:>12} {:>14}",
                row.name,
                row.op,
                shape.join("x"),
                row.parameters,
                row.operations
            )?;
        }
        write!(
            f,
            "{} parameters, {:.1} million operations a sample forward",
            self.parameters(),
            self.operations() as f64 / 1e6
        )
    }
}

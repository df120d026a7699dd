//! Parameter names of Hugging Face's T5.

/// The name of one of our encoder's parameters in Hugging Face's files.
///
/// `blocks.3.attention.q.weight` → `encoder.block.3.layer.0.SelfAttention.q.weight`.
pub fn hugging_face_name(name: &str) -> String {
    match name {
        "embedding.weight" => return "shared.weight".to_owned(),
        "final_norm.weight" => return "encoder.final_layer_norm.weight".to_owned(),
        "relative_position.weight" => {
            return "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
                .to_owned();
        }
        _ => {}
    }
    let inside = name
        .replace(".attention_norm.", ".layer.0.layer_norm.")
        .replace(".attention.", ".layer.0.SelfAttention.")
        .replace(".feed_forward_norm.", ".layer.1.layer_norm.")
        .replace(".feed_forward.", ".layer.1.DenseReluDense.");
    format!("encoder.{}", inside.replacen("blocks.", "block.", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_parameter_has_its_name() {
        for (ours, theirs) in [
            ("embedding.weight", "shared.weight"),
            ("blocks.11.attention.o.weight", "encoder.block.11.layer.0.SelfAttention.o.weight"),
            ("blocks.0.attention_norm.weight", "encoder.block.0.layer.0.layer_norm.weight"),
            (
                "blocks.2.feed_forward.wi_1.weight",
                "encoder.block.2.layer.1.DenseReluDense.wi_1.weight",
            ),
            ("blocks.2.feed_forward_norm.weight", "encoder.block.2.layer.1.layer_norm.weight"),
        ] {
            assert_eq!(hugging_face_name(ours), theirs);
        }
    }
}

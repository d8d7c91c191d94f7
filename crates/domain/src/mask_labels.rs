//! The labels that stand for personal data and secrets in logged texts.

/// An e-mail address.
pub const EMAIL_LABEL: &str = "[email]";
/// A telephone number.
pub const PHONE_LABEL: &str = "[phone]";
/// The number of a payment card.
pub const CARD_LABEL: &str = "[card]";
/// An account number.
pub const IBAN_LABEL: &str = "[iban]";
/// An identity number.
pub const ID_LABEL: &str = "[id]";
/// A key, token or password.
pub const SECRET_LABEL: &str = "[secret]";
/// A match of a pattern of the operator.
pub const CUSTOM_LABEL: &str = "[masked]";

const LABELS: [&str; 7] =
    [EMAIL_LABEL, PHONE_LABEL, CARD_LABEL, IBAN_LABEL, ID_LABEL, SECRET_LABEL, CUSTOM_LABEL];

/// Returns true if a part of a logged text is masked.
pub fn is_masked(query: &str) -> bool {
    LABELS.iter().any(|label| query.contains(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_mark_masked_texts() {
        for masked in ["[phone]", "write to [email] today", "pay[card]"] {
            assert!(is_masked(masked), "{masked}");
        }
        for plain in ["", "phone", "a[0]", "[phones]", "email]"] {
            assert!(!is_masked(plain), "{plain}");
        }
    }
}

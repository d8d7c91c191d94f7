/// Checks that a text is at most `max_chars` long and holds no control characters.
///
/// The error completes the name of the text's field.
pub fn check_text(text: &str, max_chars: usize) -> Result<(), String> {
    if text.chars().count() > max_chars {
        return Err(format!("is longer than {max_chars} characters: shorten it"));
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character: remove it".to_owned());
    }
    Ok(())
}

//! A reader of XML that is strict where it matters: elements that close, attributes in quotes, no stray `<` or `&`, and
//! no character that XML 1.0 has no place for. Knows no namespaces and no DTDs, which we do not write.

/// An element's name and its attributes, in the order in which they open.
pub type Element = (String, Vec<(String, String)>);

/// All elements of a document, or what is wrong with it.
pub fn elements(text: &str) -> Result<Vec<Element>, String> {
    if let Some(bad) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(format!("character {bad:?}"));
    }
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("no declaration")?;
    let (mut open, mut found) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        characters(&rest[..start])?;
        if open.is_empty() && !found.is_empty() {
            return Err("a second root".to_owned());
        }
        let tag = &rest[start + 1..];
        let end = tag.find('>').ok_or("a tag that does not end")?;
        rest = &tag[end + 1..];
        let tag = &tag[..end];
        if let Some(name) = tag.strip_prefix('/') {
            let last: Option<String> = open.pop();
            if last.as_deref() != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
            continue;
        }
        let (tag, closes) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !closes {
            open.push(name.to_owned());
        }
        found.push((name.to_owned(), self::attributes(attributes)?));
    }
    if !rest.trim().is_empty() || !open.is_empty() {
        return Err(format!("at the end: {rest:?}, open: {open:?}"));
    }
    Ok(found)
}

fn attributes(mut text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    while !text.trim().is_empty() {
        let (name, after) = text.trim_start().split_once("=\"").ok_or_else(|| format!("attribute {text:?}"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("value of {name}"))?;
        characters(value)?;
        if found.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} twice"));
        }
        found.push((name.to_owned(), value.to_owned()));
        text = after;
    }
    Ok(found)
}

/// Every `&` begins a reference that XML knows.
fn characters(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#10;"];
        if !known.iter().any(|known| text[at..].starts_with(known)) {
            return Err(format!("reference {:?}", &text[at..]));
        }
    }
    Ok(())
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    for (body, good) in [
        ("<a b=\"1\"><c/>x &amp; y</a>\n", true),
        ("<a>", false),
        ("<a></b>", false),
        ("<a b=1/>", false),
        ("<a b=\"1\" b=\"2\"/>", false),
        ("<a>&nbsp;</a>", false),
        ("<a/><b/>", false),
        ("<a>\u{1}</a>", false),
    ] {
        assert_eq!(elements(&format!("{head}{body}")).is_ok(), good, "{body}");
    }
}

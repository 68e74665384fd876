//! The page `docs/documents.md`: every kind, field, code and rule, from their declarations.

use crate::kind::Kind;
use crate::rules::{self, Rule};
use crate::schema::{self, Field, FieldType, vocabulary};

const BEFORE: &str = "\
# Documents

Made from `crates/documents/src/schema` and `crates/documents/src/rules` by
`cargo test -p phaki-documents --test documents`: change those, not this page.

A document is a map of fields; what is not declared here is stored and passed on as well. A field
in bold is required: a document without it is stored and shared, but not fit to be published. In
a path `*` stands for any key of a map or any item of a list. Every value may be `null`, which says that
it is known to be unknown. `phaki schema KIND` prints the same as JSON Schema.
";

const RULES: &str = "
## Rules

`phaki check` holds documents against these. An error says that a document is not fit to be published;
a warning is a flag. Neither hinders storing or sharing it. Rules that look at several documents look at those
of the same space.
";

const TYPES: &str = "
## Types

| type | stored as |
|---|---|
| text | UTF-8; a short one has up to 300 characters and is replaced as a whole; concurrent edits of a long one merge |
| text in each language | a map with `th`, and `en` if there is one |
| code of … | text; codes that are not listed are stored, and flagged |
| id of … | the id of a document; it need not have arrived here yet |
| area | `TH`, `R1` to `R13`, or a code of the Department of Provincial Administration: 2 digits for a province, 4 for a district, 6 for a subdistrict, 8 for a village |
| number | a whole number, not negative |
| satang | a whole number; 100 satang are one baht |
| decimal | text such as `98.25`, or a whole number; never rounded |
| fiscal year | Buddhist era: 2567 runs from 1 October 2566 to 30 September 2567 |
| date | `2023-11-22`, Christian era, from 1941 on |
| time | `10:00` |
| span | a map with `from` and `to` (dates), `precision` (code of `date.precision`), `as_written`, `inferred` |
";

/// The whole page, in Markdown.
pub fn page() -> String {
    let mut page = BEFORE.to_owned();
    page += "\n## Every kind\n\n";
    table(&mut page, schema::header_fields());
    for kind in Kind::ALL {
        page += &format!("\n## {}: {} ({kind})\n\n", kind.label_en(), kind.label_th());
        table(&mut page, schema::own_fields(kind));
    }
    page += TYPES;
    page += "\n## Codes\n";
    for name in vocabulary::names() {
        page += &format!("\n### `{name}`\n\n| code | ไทย | English |\n|---|---|---|\n");
        for code in vocabulary::codes(name).unwrap_or_default() {
            page += &format!("| `{}` | {} | {} |\n", code.code, code.th, code.en);
        }
    }
    page +=
        "\n### Systems of identifiers\n\n| system | ไทย | English | form |\n|---|---|---|---|\n";
    for system in rules::SYSTEMS {
        let rules::System {
            name, th, en, form, ..
        } = system;
        page += &format!("| `{name}` | {th} | {en} | {form} |\n");
    }
    page += RULES;
    page += "\n| code | | ไทย | English |\n|---|---|---|---|\n";
    for rule in rules::catalogue() {
        let Rule {
            code,
            severity,
            th,
            en,
        } = rule;
        let (th, en) = (th.replace('|', "\\|"), en.replace('|', "\\|"));
        page += &format!("| `{code}` | {} | {th} | {en} |\n", severity.name());
    }
    page
}

fn table(page: &mut String, fields: &[Field]) {
    *page += "| field | type | ไทย | English |\n|---|---|---|---|\n";
    for field in fields {
        let path = match field.required {
            true => format!("**`{}`**", field.pattern),
            false => format!("`{}`", field.pattern),
        };
        let text = |label: &str, help: &str| match help {
            "" => label.to_owned(),
            help => format!("{label}. {help}"),
        };
        *page += &format!(
            "| {path} | {} | {} | {} |\n",
            type_name(field.field_type),
            text(field.label.th, field.help.th),
            text(field.label.en, field.help.en),
        );
    }
}

fn type_name(field_type: FieldType) -> String {
    let of = |container: &str, inner: &FieldType| format!("{container} of {}", type_name(*inner));
    let name = match field_type {
        FieldType::ShortText => "text",
        FieldType::LongText => "long text",
        FieldType::Localised => "text in each language",
        FieldType::LocalisedLong => "long text in each language",
        FieldType::Code(name) => return format!("code of `{name}`"),
        FieldType::Ref([]) => "id of any document",
        FieldType::Ref(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            return format!("id of {}", kinds.join(" or "));
        }
        FieldType::Area => "area",
        FieldType::Count => "number",
        FieldType::Money => "satang",
        FieldType::Decimal => "decimal",
        FieldType::FiscalYear => "fiscal year",
        FieldType::Date => "date",
        FieldType::Time => "time",
        FieldType::PartialDate => "span",
        FieldType::DateOrText => "span or text",
        FieldType::Bool => "yes or no",
        FieldType::Url => "web address",
        FieldType::List(inner) => return of("list", inner),
        FieldType::Map(inner) => return of("map", inner),
        FieldType::Many(inner) => return of("list or map", inner),
        FieldType::OneOrMany(inner) => return of("one, list or map", inner),
        FieldType::TextOrGroup => "text or group",
        FieldType::Group => "group",
        FieldType::Groups => "list or map of groups",
        FieldType::Any => "anything",
    };
    name.to_owned()
}

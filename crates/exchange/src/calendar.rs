//! iCalendar (RFC 5545): events as entries of a calendar.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarParameter, ICalendarProperty,
    ICalendarStatus, ICalendarValueType,
};
use phaki_documents::date::Date;
use phaki_documents::schema::vocabulary;
use phaki_documents::{DocumentId, Kind};
use serde_json::Value;

use crate::language::Language;

/// Clocks in Thailand are seven hours ahead of UTC, and always were since 1920.
const OFFSET_MINUTES: i64 = 7 * 60;
const DAY_MINUTES: i64 = 24 * 60;

/// A calendar and what is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub text: String,
    pub events: usize,
    /// Events of which no first day is known.
    pub undated: usize,
}

/// The events among the documents. `now_secs` is the time of the export, in seconds since 1970,
/// which the format demands.
pub fn calendar(documents: &[(DocumentId, Value)], now_secs: i64, language: Language) -> Calendar {
    let mut whole = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    whole.add_property(ICalendarProperty::Version, "2.0");
    whole.add_property(ICalendarProperty::Prodid, "-//phaki//phaki//TH");
    let mut components = vec![whole];
    let (mut events, mut undated) = (0, 0);
    let found = documents
        .iter()
        .filter(|(id, _)| id.kind() == Some(Kind::Event));
    for (id, json) in found {
        let Some(event) = event(*id, json, now_secs, language) else {
            undated += 1;
            continue;
        };
        events += 1;
        if let (Ok(index), Some(whole)) = (u32::try_from(components.len()), components.first_mut())
        {
            whole.component_ids.push(index);
        }
        components.push(event);
    }
    Calendar {
        text: ICalendar { components }.to_string(),
        events,
        undated,
    }
}

fn event(
    id: DocumentId,
    json: &Value,
    now_secs: i64,
    language: Language,
) -> Option<ICalendarComponent> {
    let date = json.get("date")?;
    let day = |side: &str| date.get(side).and_then(Value::as_str).and_then(Date::parse);
    let first = day("from")?;
    let last = day("to").filter(|last| *last >= first).unwrap_or(first);
    let precise = matches!(
        date.get("precision").and_then(Value::as_str),
        Some("day") | None
    );
    let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
    event.add_uid(&id.to_string());
    event.add_dtstamp(moment(now_secs.div_euclid(60))?);
    match time(json).filter(|_| precise && first == last) {
        Some(minutes) => {
            let start = first.days() * DAY_MINUTES + minutes - OFFSET_MINUTES;
            event.add_property(ICalendarProperty::Dtstart, moment(start)?);
        }
        None => {
            let next = Date::from_days(last.days() + 1)?;
            for (property, date) in [
                (ICalendarProperty::Dtstart, first),
                (ICalendarProperty::Dtend, next),
            ] {
                let whole_day = ICalendarParameter::value(ICalendarValueType::Date);
                event.add_property_with_params(property, [whole_day], on(date));
            }
        }
    }
    event.add_property(ICalendarProperty::Status, status(json, precise));
    let thai_or_english = |value: &Value| {
        let text = value
            .get(language.pick("th", "en"))
            .or_else(|| value.get("th"))?;
        text.as_str().map(str::to_owned)
    };
    let code = json.get("type").and_then(Value::as_str);
    let kind = code.and_then(|code| vocabulary::label("event.type", code));
    let objectives = json.get("objectives").and_then(Value::as_array);
    let objectives = objectives.map(|all| {
        let lines: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
        lines.join("\n")
    });
    for (property, text) in [
        (
            ICalendarProperty::Summary,
            json.get("title").and_then(thai_or_english),
        ),
        (
            ICalendarProperty::Location,
            json.get("venue").and_then(thai_or_english),
        ),
        (
            ICalendarProperty::Categories,
            kind.map(|kind| language.pick(kind.th, kind.en).to_owned()),
        ),
        (ICalendarProperty::Description, objectives),
    ] {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            event.add_property(property, text);
        }
    }
    Some(event)
}

/// What is postponed, or known by its month only, is not settled.
fn status(json: &Value, precise: bool) -> ICalendarStatus {
    match json.get("state").and_then(Value::as_str) {
        Some("cancelled") => ICalendarStatus::Cancelled,
        Some("postponed") => ICalendarStatus::Tentative,
        _ if precise => ICalendarStatus::Confirmed,
        _ => ICalendarStatus::Tentative,
    }
}

/// The minute of the day at which an event begins.
fn time(json: &Value) -> Option<i64> {
    let (hours, minutes) = json.get("time")?.as_str()?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

fn on(date: Date) -> PartialDateTime {
    PartialDateTime {
        year: Some(date.year),
        month: Some(date.month),
        day: Some(date.day),
        ..PartialDateTime::default()
    }
}

/// A minute since 1970, in UTC.
fn moment(minutes: i64) -> Option<PartialDateTime> {
    let date = Date::from_days(minutes.div_euclid(DAY_MINUTES))?;
    let minute = minutes.rem_euclid(DAY_MINUTES);
    Some(PartialDateTime {
        hour: u8::try_from(minute / 60).ok(),
        minute: u8::try_from(minute % 60).ok(),
        second: Some(0),
        tz_hour: Some(0),
        tz_minute: Some(0),
        ..on(date)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(json: Value) -> Calendar {
        let id = DocumentId::from_code(Kind::Event, "x", "1");
        calendar(&[(id, json)], 1_700_000_000, Language::Thai)
    }

    #[test]
    fn an_event_of_days_ends_before_the_day_after_the_last() {
        let made = written(json!({"title": {"th": "เวที"}, "time": "10:00",
            "date": {"from": "2023-11-22", "to": "2023-11-24", "precision": "day"}}));
        for line in [
            "DTSTART;VALUE=DATE:20231122\r\n",
            "DTEND;VALUE=DATE:20231125\r\n",
            "DTSTAMP:20231114T221300Z\r\n",
            "STATUS:CONFIRMED\r\n",
            "SUMMARY:เวที\r\n",
        ] {
            assert!(made.text.contains(line), "{line} {}", made.text);
        }
    }

    #[test]
    fn an_hour_in_thailand_is_seven_hours_earlier_in_utc() {
        let made = written(json!({"date": {"from": "2009-06-23"}, "time": "06:30"}));
        assert!(
            made.text.contains("DTSTART:20090622T233000Z\r\n"),
            "{}",
            made.text
        );
    }

    #[test]
    fn lines_are_folded_by_octets_and_never_inside_a_character() {
        let title = "สมัชชาสุขภาพ, จังหวัด; ".repeat(20);
        let made = written(json!({"title": {"th": title}, "date": {"from": "2009-06-23"}}));
        assert!(
            made.text.split("\r\n").all(|line| line.len() <= 75),
            "{}",
            made.text
        );
        let unfolded = made.text.replace("\r\n ", "");
        let escaped = title.replace(',', "\\,").replace(';', "\\;");
        assert!(unfolded.contains(&escaped), "{unfolded}");
    }

    #[test]
    fn what_has_no_date_is_counted_and_what_has_only_a_month_is_tentative() {
        assert_eq!(written(json!({"title": {"th": "ก"}})).undated, 1);
        let month =
            json!({"date": {"from": "2023-09-01", "to": "2023-09-30", "precision": "month"}});
        assert!(written(month).text.contains("STATUS:TENTATIVE"));
    }
}

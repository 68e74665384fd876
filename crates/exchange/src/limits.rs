//! Every limit of files that are read and written, each with its reason.

/// Bytes of a file that is read: a workbook with a million filled cells has about ten megabytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes to which a workbook may inflate: five times what a million filled cells need. A bomb of a
/// few kilobytes claims gigabytes; what it really inflates to is counted before it is read.
pub const INFLATED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Parts of a workbook: each sheet has a handful.
pub const PARTS_MAX: usize = 2_000;

/// Sheets of a workbook: all kinds of documents with all their entries have about fifty.
pub const SHEETS_MAX: usize = 200;

/// Rows of a sheet, the heading included: what Excel and LibreOffice can hold.
pub const ROWS_MAX: usize = 1_048_576;

/// Columns of a sheet: the widest kind has about sixty, and unknown fields get room.
pub const COLUMNS_MAX: usize = 1_024;

/// Filled cells of all sheets: a hundred thousand documents with twenty fields. Each costs about a
/// hundred bytes of memory until the import ends.
pub const CELLS_MAX: usize = 2_000_000;

/// UTF-8 bytes of all filled cells: a few bytes of a workbook can name one long text again and again.
pub const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// UTF-16 units of a cell's text: what Excel can hold.
pub const CELL_UNITS_MAX: usize = 32_767;

/// UTF-16 units of the name of a sheet: what Excel can hold.
pub const SHEET_NAME_UNITS_MAX: usize = 31;

/// Digits of a number that a cell of a workbook keeps exactly: it is a binary fraction of 64 bits.
/// Longer ones are written as text.
pub const EXACT_DIGITS_MAX: usize = 15;

/// Items of a list that grow by rows of one import: no plan has a thousand problems, and each
/// costs a comparison with all others.
pub const LIST_ITEMS_MAX: usize = 10_000;

//! Every line of the screens' requirements that belongs to the office program, and whether it is the published
//! description's (S) or ours (D).

/// Line by line: its name and where it comes from.
pub(crate) const LINES: &str = "\
EN-01 S, EN-02 D, EN-03 S, EN-04 S, EN-05 S, EN-06 S,
LG-01 S, LG-02 S, LG-03 S, LG-04 S, LG-05 S, LG-06 S, LG-07 D, LG-08 D, LG-09 D, LG-10 D, LG-11 D, LG-12 S, LG-13 S,
HM-01 S, HM-02 S, HM-03 S, HM-04 D, HM-05 S, HM-06 D, HM-07 D, HM-08 D, HM-09 D, HM-10 D,
NW-01 S, NW-02 S, NW-03 S, NW-04 S, NW-05 S, NW-06 D, NW-07 D, NW-08 D, NW-09 D, NW-10 S, NW-11 S, NW-12 D, NW-13 S,
NW-14 S, NW-15 S, NW-16 S, NW-17 D, NW-18 S,
CF-01 S, CF-02 S, CF-03 D, CF-04 S, CF-05 D,
DR-01 S, DR-02 D, DR-03 D, DR-04 D,
BT-01 S, BT-02 S, BT-03 S, BT-04 S, BT-05 S, BT-06 S, BT-07 S, BT-08 S, BT-09 D, BT-10 D, BT-11 D, BT-12 D, BT-13 D,
BE-01 S, BE-02 S, BE-03 S, BE-04 S, BE-05 D,
BP-01 S, BP-02 S, BP-03 S, BP-04 S, BP-05 S, BP-06 D, BP-07 D, BP-08 D, BP-09 D, BP-10 D, BP-11 D,
RX-01 S, RX-02 S, RX-03 S, RX-04 S, RX-05 S, RX-06 S, RX-07 S, RX-08 S, RX-09 D, RX-10 D, RX-11 D, RX-12 D, RX-13 D,
RX-14 D,
RD-01 S, RD-02 S, RD-03 S, RD-04 D, RD-05 D, RD-06 D, RD-07 D, RD-08 D,
TX-01 S, TX-02 S, TX-03 D, TX-04 D, TX-05 D, TX-06 D, TX-07 D,
LC-01 S, LC-02 S, LC-03 S, LC-04 S, LC-05 S, LC-06 S, LC-07 S, LC-08 S, LC-09 D, LC-10 D, LC-11 D,
DI-01 S, DI-02 D, RG-01 S, RG-02 D,
PX-01 S, PX-02 D, PX-03 D, PX-04 D, PX-05 D, PX-06 D, PX-07 D, PX-08 D";

/// Lines that no browser on this computer can show, and why.
pub(crate) const ELSEWHERE: [(&str, &str); 1] = [("LG-13", "it is about Windows, on which this suite does not run")];

/// Each line with its letter.
pub(crate) fn all() -> Vec<(&'static str, &'static str)> {
    LINES.split([',', '\n']).filter_map(|line| line.trim().split_once(' ')).collect()
}

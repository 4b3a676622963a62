//! Is this a bundle for us, from whom it says? One answer for whoever reads what arrived: the command that saves it, and the screens
//! that show it.

use fumibako_model::{OfficeNumber, Refused};

use super::{Contents, Opened, Reader, open};

/// Opens a message to this office; its content has to be between the two, and what its sender announced (Profile §8.7, §9.14).
pub fn believe(message: &[u8], reader: &Reader<'_>, office: OfficeNumber) -> Result<(Opened, Contents), Refused> {
    let opened = open(message, reader)?;
    let contents = Contents::read(opened.entity())?;
    contents.are_between(opened.from(), office)?;
    // Of what is signed only, the gateway has seen it.
    if let (true, Some(announced)) = (opened.is_sealed(), opened.announced()) {
        contents.are_as_announced(announced)?;
    }
    Ok((opened, contents))
}

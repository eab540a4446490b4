//! One module, two ways in: the app in the page, the search in a worker.

fn main() {
    if highwater_web::worker::is_here() {
        highwater_web::worker::start();
    } else {
        highwater_web::app::start();
    }
}

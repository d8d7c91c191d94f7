fn main() {
    std::io::Write::write_all(&mut std::io::stdout(), quarry::graphql::schema_sdl().as_bytes()).unwrap();
}

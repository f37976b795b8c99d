"""What trials left: run files, packs and timing files, and frames made from them."""
